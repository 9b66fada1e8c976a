//! Suggests the names that a misspelled name may stand for.

/// Returns up to three candidates that resemble the name, the most similar first.
pub(crate) fn nearest<'a>(name: &str, candidates: &[&'a str]) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let mut scored: Vec<(f64, &str)> = candidates
        .iter()
        .map(|candidate| {
            (
                strsim::jaro_winkler(&wanted, &candidate.to_lowercase()),
                *candidate,
            )
        })
        .filter(|(score, _)| *score >= 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Returns `did you mean A, B or C? ` or nothing, and then the list of all names.
pub(crate) fn hint(name: &str, candidates: &[&str]) -> String {
    let near = nearest(name, candidates);
    let all = candidates.join(", ");
    match &near[..] {
        [] => format!("the known names are {all}"),
        near => format!(
            "did you mean {}? The known names are {all}",
            near.join(" or ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_name_comes_first() {
        assert_eq!(
            nearest("ADA24", &["AMPERE_16", "ADA_24", "ADA_48_PRO"])[0],
            "ADA_24"
        );
        assert_eq!(nearest("flash-boot", &["name", "flashboot"]), ["flashboot"]);
        assert!(nearest("zzz", &["name", "flashboot"]).is_empty());
    }
}
