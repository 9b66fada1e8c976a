//! Evaluates the licence expressions of packages, such as `MIT OR Apache-2.0` or `(MIT OR Apache-2.0) AND Unicode-3.0`.

/// Returns whether the expression permits use under licences for which `accepts` returns `true`. An invalid expression
/// is not accepted.
pub(crate) fn is_accepted(expression: &str, accepts: &dyn Fn(&str) -> bool) -> bool {
    // Old packages write `MIT/Apache-2.0` instead of `MIT OR Apache-2.0`.
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut reader = Reader {
        words: spaced.split_whitespace().collect(),
        at: 0,
        accepts,
    };
    let accepted = reader.alternatives();
    accepted == Some(true) && reader.at == reader.words.len()
}

struct Reader<'a> {
    words: Vec<&'a str>,
    at: usize,
    accepts: &'a dyn Fn(&str) -> bool,
}

impl Reader<'_> {
    fn alternatives(&mut self) -> Option<bool> {
        let mut accepted = self.all_of()?;
        while self.next_is("OR") {
            accepted |= self.all_of()?;
        }
        Some(accepted)
    }

    fn all_of(&mut self) -> Option<bool> {
        let mut accepted = self.one()?;
        while self.next_is("AND") {
            accepted &= self.one()?;
        }
        Some(accepted)
    }

    fn one(&mut self) -> Option<bool> {
        if self.next_is("(") {
            let accepted = self.alternatives()?;
            return self.next_is(")").then_some(accepted);
        }
        let licence = *self.words.get(self.at)?;
        self.at += 1;
        // An exception only adds rights, so it needs no check.
        if self.next_is("WITH") {
            self.words.get(self.at)?;
            self.at += 1;
        }
        Some((self.accepts)(licence))
    }

    fn next_is(&mut self, word: &str) -> bool {
        let is = self.words.get(self.at) == Some(&word);
        self.at += usize::from(is);
        is
    }
}

#[cfg(test)]
mod tests {
    use super::is_accepted;

    fn accepted(expression: &str) -> bool {
        is_accepted(expression, &|licence| ["MIT", "ISC"].contains(&licence))
    }

    #[test]
    fn one_of_the_alternatives_is_enough_and_all_of_the_others_are_needed() {
        for expression in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/Apache-2.0",
            "MIT AND ISC",
            "GPL-3.0 OR (MIT AND ISC)",
            "(Apache-2.0 OR MIT) AND ISC",
            "MIT WITH LLVM-exception",
            "GPL-3.0 AND Zlib OR MIT",
        ] {
            assert!(accepted(expression), "{expression}");
        }
        for expression in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(GPL-3.0 OR Zlib) AND MIT",
            "GPL-3.0 WITH Classpath-exception",
        ] {
            assert!(!accepted(expression), "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression_is_not_accepted() {
        for expression in ["", "MIT MIT", "(MIT", "MIT)", "MIT OR", "OR MIT", "AND"] {
            assert!(!accepted(expression), "{expression}");
        }
    }
}
