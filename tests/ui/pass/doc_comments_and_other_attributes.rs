/// Counts words.
///
/// Returns the number of words.
#[runpod::handler]
#[must_use]
#[inline]
#[deprecated = "count letters"]
pub async fn count(
    #[allow(unused_mut)]
    mut text: String,
) -> usize {
    text.split(' ').count()
}

fn main() {}
