//! Figures as text.

use crate::sample::Spread;

/// Returns the range in brackets, or nothing if all figures are equal.
pub fn around(spread: Spread) -> String {
    let (least, most) = (digits(spread.least), digits(spread.most));
    if least == most {
        String::new()
    } else {
        format!(" ({least}–{most})")
    }
}

/// Formats a figure with three significant digits.
pub fn digits(figure: f64) -> String {
    match figure {
        _ if figure.fract() == 0.0 && figure < 1000.0 => format!("{figure:.0}"),
        1000.0.. => thousands(figure),
        100.0..1000.0 => format!("{figure:.0}"),
        10.0..100.0 => format!("{figure:.1}"),
        0.1..10.0 => format!("{figure:.2}"),
        0.01..0.1 => format!("{figure:.3}"),
        _ => format!("{figure:.5}"),
    }
}

fn thousands(figure: f64) -> String {
    let plain = format!("{figure:.0}");
    let mut text = String::new();
    for (index, digit) in plain.chars().enumerate() {
        if index > 0 && (plain.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
