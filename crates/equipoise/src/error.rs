//! Wrong input: a typed error that names the place, before any work is done.

/// What is wrong with an input, as a closed set of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InputCode {
    /// A length or shape differs from what the other inputs say.
    Dimension,
    /// A number is NaN or infinite.
    NotFinite,
    /// A number lies outside the values it may take.
    OutOfRange,
    /// Something that must have members has none.
    Empty,
    /// A target for which the form is undefined (its scale is zero).
    Singular,
    /// The problem as given has more than one answer.
    NotUnique,
    /// A name occurs twice.
    Duplicate,
    /// A size beyond what the indices can count.
    TooLarge,
    /// A file or folder cannot be used.
    File,
    /// Something that must be given is absent.
    Missing,
    /// A name that nothing here has.
    UnknownField,
    /// A value of another type.
    WrongType,
    /// Text that cannot be parsed.
    Malformed,
}

impl InputCode {
    /// The code as it appears in JavaScript and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dimension => "dimension",
            Self::NotFinite => "not_finite",
            Self::OutOfRange => "out_of_range",
            Self::Empty => "empty",
            Self::Singular => "singular",
            Self::NotUnique => "not_unique",
            Self::Duplicate => "duplicate",
            Self::TooLarge => "too_large",
            Self::File => "file",
            Self::Missing => "missing_value",
            Self::UnknownField => "unknown_option",
            Self::WrongType => "wrong_type",
            Self::Malformed => "format",
        }
    }
}

/// An input that cannot be used, with the place, the rule and what was found there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: expected {expected}, received {received}")]
pub struct InputError {
    /// What kind of fault it is.
    pub code: InputCode,
    /// Where it is, as a path into the caller's input (`targets[3].total`).
    pub path: String,
    /// The rule, as the end of the sentence "expected …".
    pub expected: String,
    /// What was found, as the end of the sentence "received …".
    pub received: String,
}

impl InputError {
    /// An error of the given code.
    pub fn new(
        code: InputCode,
        path: impl Into<String>,
        expected: impl Into<String>,
        received: impl Into<String>,
    ) -> Self {
        Self { code, path: path.into(), expected: expected.into(), received: received.into() }
    }

    /// A length that does not match.
    pub fn length(path: impl Into<String>, expected: usize, received: usize) -> Self {
        Self::new(InputCode::Dimension, path, format!("length {expected}"), format!("length {received}"))
    }

    /// A NaN or an infinity.
    pub fn not_finite(path: impl Into<String>, received: f64) -> Self {
        Self::new(InputCode::NotFinite, path, "a finite number", received.to_string())
    }

    /// A number outside its range.
    pub fn out_of_range(path: impl Into<String>, expected: impl Into<String>, received: f64) -> Self {
        Self::new(InputCode::OutOfRange, path, expected, received.to_string())
    }
}
