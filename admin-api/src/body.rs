//! Bodies: JSON only, one value, no field that is not known; what is wrong is said with its path.

use crate::problem::{FieldError, Problem, ProblemKind};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::de::DeserializeOwned;

/// A body of a known form.
#[derive(Debug, Clone)]
pub(crate) struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        if !content_type.is_some_and(is_json) {
            return Err(Problem::new(ProblemKind::MediaType));
        }
        let bytes =
            Bytes::from_request(request, state).await.map_err(|_| Problem::new(ProblemKind::TooLarge))?;
        parse(&bytes).map(Self)
    }
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A derived form would take its fields from an array as well, by their order.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| *byte == b'[') {
        return Err(Problem::field("body", "must be an object"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (place, words) = (error.path().to_string(), words(error.inner()));
        match (missing(&words), place.as_str()) {
            (Some(name), ".") => Problem::field(name, "is required"),
            (Some(name), place) => Problem::field(&format!("{place}.{name}"), "is required"),
            (None, ".") => Problem::field("body", words),
            (None, place) => Problem::field(place, words),
        }
    })?;
    json.end().map_err(|_| Problem::field("body", "one JSON value and nothing behind it"))?;
    Ok(value)
}

/// What serde found, without its place in the text: the field says where.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// The field that serde missed: its error stands at what should have held it.
fn missing(words: &str) -> Option<&str> {
    words.strip_prefix("missing field `")?.strip_suffix('`')
}

/// Collects every field at fault, so that a client need not try again and again.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FieldError>);

impl Faults {
    /// `field` breaks a rule.
    pub(crate) fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldError { field: field.to_owned(), message: message.into() });
    }

    /// The value, or nothing and a fault at `field`.
    pub(crate) fn take<T, E: std::fmt::Display>(&mut self, field: &str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|error| self.add(field, error.to_string())).ok()
    }

    /// `Ok` when there is no fault.
    ///
    /// # Errors
    /// There are some.
    pub(crate) fn check(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::fields(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[allow(dead_code)]
        inner: Vec<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[allow(dead_code)]
        n: u32,
    }

    #[test]
    fn what_is_wrong_is_said_with_its_path() {
        let fault = |text: &str| match parse::<Outer>(text.as_bytes()) {
            Ok(_) => String::new(),
            Err(problem) => {
                let response = axum::response::IntoResponse::into_response(problem);
                assert_eq!(response.status(), 400);
                let body = futures_body(response);
                let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
                format!("{}: {}", json["errors"][0]["field"], json["errors"][0]["message"]).replace('"', "")
            }
        };
        assert_eq!(fault(r#"{"inner":[{"n":1}]}"#), "");
        assert_eq!(
            fault(r#"{"inner":[{"n":1},{"n":-1}]}"#),
            "inner[1].n: invalid value: integer `-1`, expected u32"
        );
        assert_eq!(fault(r#"{"inner":[{"n":1,"m":2}]}"#), "inner[0].m: unknown field `m`, expected `n`");
        assert_eq!(fault(r#"{}"#), "inner: is required");
        assert_eq!(fault(r#"{"inner":[{}]}"#), "inner[0].n: is required");
        assert_eq!(fault(" [[]]"), "body: must be an object");
        assert_eq!(fault(r#"{"inner":[]} x"#), "body: one JSON value and nothing behind it");
        assert_eq!(fault("["), "body: must be an object");
    }

    fn futures_body(response: axum::response::Response) -> Vec<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(axum::body::to_bytes(response.into_body(), 1 << 20)).unwrap().to_vec()
    }
}
