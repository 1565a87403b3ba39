//! Keyset pages: a page ends with the key of its last item, and the next begins behind it, however many come meanwhile.

use crate::problem::Problem;
use crate::read_model::Slice;
use crate::secrets::{SecretOf, Secrets, base64url, from_base64url};
use axum::extract::FromRequestParts;
use axum::extract::Query;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Items of a page when none is asked for (OPS rule 4).
pub(crate) const LIMIT: usize = 50;

/// Most items of a page (OPS rule 4).
pub(crate) const LIMIT_MAX: usize = 100;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// Where the next page begins: the value for `after`. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "dXNyXzAxOTJmM2E")]
    pub next: Option<String>,
}

/// Direction of a list by its key, which is by time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) enum Sort {
    /// Oldest first.
    #[default]
    #[serde(rename = "id")]
    Ascending,
    /// Newest first.
    #[serde(rename = "-id")]
    Descending,
}

/// A page that was asked for and can be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Items.
    pub limit: usize,
    /// Key to begin behind.
    pub after: Option<String>,
    /// Direction.
    pub sort: Sort,
}

impl Wanted {
    /// Reads the three parameters every list takes; `list` and its filters bind the cursor, so that it is not used elsewhere.
    ///
    /// # Errors
    /// One of them is not what it should be.
    pub(crate) fn new(
        secrets: &Secrets,
        list: &str,
        limit: Option<u32>,
        after: Option<&str>,
        sort: Option<Sort>,
    ) -> Result<Self, Problem> {
        let limit = limit.map_or(LIMIT, |n| n as usize);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::field("limit", format!("must be 1 to {LIMIT_MAX}")));
        }
        let after = match after {
            None => None,
            Some(text) => Some(
                open(secrets, list, text)
                    .ok_or_else(|| Problem::field("after", "not a place in this list"))?,
            ),
        };
        Ok(Self { limit, after, sort: sort.unwrap_or_default() })
    }

    /// What a database is asked for: one row more than the page has, to see whether there is a next one.
    pub(crate) fn slice(&self) -> Slice {
        let descending = self.sort == Sort::Descending;
        Slice { after: self.after.clone(), limit: self.limit + 1, descending }
    }

    /// The page of what [`Wanted::slice`] found.
    pub(crate) fn page_of<T, V>(
        &self,
        secrets: &Secrets,
        list: &str,
        mut rows: Vec<T>,
        key: impl Fn(&T) -> String,
        view: impl Fn(T) -> V,
    ) -> Page<V> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let next = rows.last().filter(|_| more).map(|last| seal(secrets, list, &key(last)));
        Page { items: rows.into_iter().map(view).collect(), next }
    }

    /// The page of `items`, which come in ascending order of `key`.
    pub(crate) fn page<'a, T: 'a, V>(
        &self,
        secrets: &Secrets,
        list: &str,
        items: impl DoubleEndedIterator<Item = &'a T>,
        key: impl Fn(&T) -> &str,
        view: impl Fn(&T) -> V,
    ) -> Page<V> {
        let behind = |item: &&T| match (&self.after, self.sort) {
            (None, _) => true,
            (Some(after), Sort::Ascending) => key(item) > after.as_str(),
            (Some(after), Sort::Descending) => key(item) < after.as_str(),
        };
        let mut found: Vec<&T> = match self.sort {
            Sort::Ascending => items.filter(behind).take(self.limit + 1).collect(),
            Sort::Descending => items.rev().filter(behind).take(self.limit + 1).collect(),
        };
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let next = found.last().filter(|_| more).map(|last| seal(secrets, list, key(last)));
        Page { items: found.into_iter().map(view).collect(), next }
    }
}

/// A cursor: the key and a short proof that this list gave it out.
pub(crate) fn seal(secrets: &Secrets, list: &str, key: &str) -> String {
    let proof = secrets.derive(SecretOf::Cursor, &format!("{list}|{key}"));
    base64url(&[&proof[..8], key.as_bytes()].concat())
}

fn open(secrets: &Secrets, list: &str, cursor: &str) -> Option<String> {
    let bytes = from_base64url(cursor)?;
    let key = std::str::from_utf8(bytes.get(8..)?).ok()?.to_owned();
    (seal(secrets, list, &key) == cursor).then_some(key)
}

/// Query parameters of a known form; unknown ones are errors.
#[derive(Debug, Clone)]
pub(crate) struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(value) = Query::<T>::from_request_parts(parts, state).await.map_err(|rejection| {
            let text = rejection.body_text();
            let words = text.rsplit("query string: ").next().unwrap_or(&text).to_owned();
            let field = words.split(':').next().filter(|f| !f.contains(' ')).unwrap_or("query").to_owned();
            Problem::field(&field, words)
        })?;
        Ok(Self(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(secrets: &Secrets, after: Option<&str>, sort: Sort) -> Wanted {
        Wanted::new(secrets, "letters", Some(2), after, Some(sort)).unwrap()
    }

    #[test]
    fn pages_join_without_gap_or_overlap_both_ways() {
        let secrets = Secrets::new([3; 32]);
        let letters: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        for (sort, expected) in [(Sort::Ascending, "abcde"), (Sort::Descending, "edcba")] {
            let (mut seen, mut after) = (String::new(), None);
            loop {
                let page = wanted(&secrets, after.as_deref(), sort).page(
                    &secrets,
                    "letters",
                    letters.iter(),
                    |l| l,
                    String::clone,
                );
                seen.extend(page.items);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn a_cursor_works_in_its_list_only_and_limits_have_bounds() {
        let secrets = Secrets::new([3; 32]);
        let cursor = seal(&secrets, "letters", "b");
        let asked = |list, limit, after: &str| Wanted::new(&secrets, list, limit, Some(after), None).is_ok();
        assert!(asked("letters", None, &cursor));
        assert!(!asked("numbers", None, &cursor));
        assert!(!asked("letters", None, "b"));
        for (limit, fits) in [(0, false), (1, true), (100, true), (101, false)] {
            assert_eq!(asked("letters", Some(limit), &cursor), fits, "{limit}");
        }
    }
}
