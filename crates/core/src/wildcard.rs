//! Patterns with wildcards, as CloudFront policies and EdgeAuth ACLs write them.
//!
//! `*` stands for any bytes, none and `/` among them; `?` stands for exactly one byte. A pattern
//! covers a whole text, not a part of it.

/// Whether `pattern`, in which every `*` and `?` is a wildcard, covers the whole of `text`.
///
/// ```
/// # use cloakroom_core::wildcard::covers;
/// assert!(covers(b"/media/*/seg-??.ts", b"/media/a/b/seg-07.ts"));
/// assert!(!covers(b"/media/*", b"/other/a"));
/// assert!(!covers(b"/media/*.jpg", b"/media/a.jpg.exe"));
/// ```
pub fn covers(pattern: &[u8], text: &[u8]) -> bool {
    pattern.iter().copied().map(Token::read).collect::<Pattern>().covers(text)
}

/// One part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Any bytes, or none: `*`.
    Run,
    /// Any one byte: `?`.
    One,
    /// This byte.
    Byte(u8),
}

impl Token {
    /// Reads a byte of a pattern; `*` and `?` are wildcards.
    pub fn read(byte: u8) -> Self {
        match byte {
            b'*' => Self::Run,
            b'?' => Self::One,
            byte => Self::Byte(byte),
        }
    }
}

/// A pattern in which `*` and `?` may stand for themselves, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Token>);

impl FromIterator<Token> for Pattern {
    fn from_iter<T: IntoIterator<Item = Token>>(tokens: T) -> Self {
        Self(tokens.into_iter().collect())
    }
}

impl Pattern {
    /// Whether it covers every text that begins with `beginning`: it ends in a run, which takes
    /// whatever follows.
    pub fn covers_all_below(&self, beginning: &[u8]) -> bool {
        self.0.last() == Some(&Token::Run) && self.covers(beginning)
    }

    /// Whether it covers the whole of `text`.
    ///
    /// Patterns come from credentials, so they may be hostile. Going back never passes the last
    /// run seen: what stood before it has found its leftmost place, and no other place leaves
    /// more of the text to the rest. The steps are thus at most the product of both lengths,
    /// whatever the number of wildcards.
    pub fn covers(&self, text: &[u8]) -> bool {
        let (mut pattern, mut text) = (self.0.as_slice(), text);
        // What stands behind the last run, and the text where it is to be tried next.
        let mut retry: Option<(&[Token], &[u8])> = None;
        loop {
            match (pattern.split_first(), text.split_first()) {
                (Some((Token::Run, [])), _) | (None, None) => return true,
                (Some((Token::Run, behind)), _) => {
                    retry = Some((behind, text));
                    pattern = behind;
                }
                (Some((token, behind)), Some((byte, rest)))
                    if matches!(token, Token::One) || *token == Token::Byte(*byte) =>
                {
                    (pattern, text) = (behind, rest);
                }
                // The pattern wants more than the text has; a later start leaves even less.
                (_, None) => return false,
                (_, Some(_)) => {
                    let Some((behind, [_, later @ ..])) = retry else { return false };
                    retry = Some((behind, later));
                    (pattern, text) = (behind, later);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn covers_whole_texts_only() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("a", "", false),
            ("a", "a", true),
            ("a", "A", false),
            ("a", "ab", false),
            ("b", "ab", false),
            ("*", "", true),
            ("*", "/a/b", true),
            ("**", "a", true),
            ("?", "", false),
            ("?", "/", true),
            ("??", "a", false),
            ("?*", "", false),
            ("*?", "a", true),
            ("*?*", "", false),
            ("/a/*", "/a/", true),
            ("/a/*", "/a", false),
            ("/a/*", "/b/a/c", false),
            ("/*/c", "/a/b/c", true),
            ("/*/c", "/c", false),
            ("*.ts", "a.ts.ts", true),
            ("*.ts", "a.ts.mp4", false),
            ("*ab*ab", "ab", false),
            ("*ab*ab", "xabab", true),
            ("a*b?d*", "a--b-b-d--", true),
            ("a*b?d*", "a--b--d--", false),
            // A wildcard in the text is a byte like any other.
            ("a", "*", false),
            ("a*", "a*", true),
            ("a?", "a*", true),
            (r"\*", "*", false),
            ("[ab]", "a", false),
            // One byte, not one character.
            ("?", "é", false),
            ("??", "é", true),
        ] {
            assert_eq!(covers(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_wildcard_can_stand_for_itself() {
        let pattern: Pattern =
            [Token::Byte(b'*'), Token::One, Token::Byte(b'?')].into_iter().collect();
        assert!(pattern.covers(b"*a?"));
        assert!(!pattern.covers(b"aa?"));
        assert!(!pattern.covers(b"*aa"));
    }

    /// One that tries every way to share out the text would not live to see the answer.
    #[test]
    fn a_hostile_pattern_comes_to_an_end() {
        let (stars, text) = ("*a".repeat(500), "a".repeat(8_000));
        for (end, expected) in [("", true), ("b", false), ("*b", false), ("*?", true)] {
            let pattern = format!("{stars}{end}");
            assert_eq!(covers(pattern.as_bytes(), text.as_bytes()), expected, "…{end}");
        }
        let (questions, end) = ("*?".repeat(500), "b");
        assert!(!covers(format!("{questions}{end}").as_bytes(), text.as_bytes()));
    }

    /// The definition, word for word. It takes exponential time.
    fn by_definition(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', behind)) => (0..=text.len()).any(|n| by_definition(behind, &text[n..])),
            Some((b'?', behind)) => !text.is_empty() && by_definition(behind, &text[1..]),
            Some((byte, behind)) => text.first() == Some(byte) && by_definition(behind, &text[1..]),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn is_what_the_definition_says(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            prop_assert_eq!(covers(pattern, text), by_definition(pattern, text));
        }
    }
}
