//! A plot of stacked horizontal bars, as SVG. Each group of bars has its own scale.

use std::fmt::Write as _;

pub(super) struct Bars<'a> {
    pub(super) title: &'a str,
    /// The names and colours of the parts of each bar.
    pub(super) parts: &'a [(&'a str, &'a str)],
    pub(super) groups: Vec<Group<'a>>,
}

pub(super) struct Group<'a> {
    pub(super) name: String,
    /// The name of each bar, its parts, and the text behind it.
    pub(super) bars: Vec<(&'a str, Vec<f64>, String)>,
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 130.0;
const RIGHT: f64 = 90.0;
const BAR: f64 = 18.0;
const TOP: f64 = 64.0;
const GROUP: f64 = 84.0;

impl Bars<'_> {
    pub(super) fn svg(&self) -> String {
        let height = GROUP.mul_add(self.groups.len() as f64, TOP);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n\
             <text x=\"14\" y=\"20\" font-size=\"14\">{}</text>\n",
            self.title
        );
        let mut x = 14.0;
        for (name, color) in self.parts {
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"32\" width=\"12\" height=\"12\" fill=\"{color}\"/><text x=\"{:.1}\" y=\"42\">{name}</text>",
                x + 17.0
            );
            x += 36.0 + 6.4 * name.len() as f64;
        }
        for (index, group) in self.groups.iter().enumerate() {
            self.group(&mut svg, group, GROUP.mul_add(index as f64, TOP));
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn group(&self, svg: &mut String, group: &Group<'_>, top: f64) {
        let _ = writeln!(
            svg,
            "<text x=\"14\" y=\"{:.1}\" font-weight=\"bold\">{}</text>",
            top + 14.0,
            group.name
        );
        let sums = group.bars.iter().map(|it| it.1.iter().sum::<f64>());
        let longest = sums.fold(f64::MIN_POSITIVE, f64::max);
        for (index, (name, parts, text)) in group.bars.iter().enumerate() {
            let y = (BAR + 4.0).mul_add(index as f64, top + 22.0);
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>",
                LEFT - 8.0,
                y + 13.0
            );
            let mut x = LEFT;
            for (part, (_, color)) in parts.iter().zip(self.parts) {
                let width = part / longest * (WIDTH - LEFT - RIGHT);
                if width >= 0.05 {
                    let _ = writeln!(
                        svg,
                        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" fill=\"{color}\"/>"
                    );
                }
                x += width;
            }
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\">{text}</text>",
                x + 6.0,
                y + 13.0
            );
        }
    }
}
