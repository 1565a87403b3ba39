//! Every answer that a test gets is held against the API's document: its status, its content type and its form.

use super::{Call, Reply};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::new);

struct Contract {
    paths: Value,
    components: Value,
    /// Made when first needed, by what they are of.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// Panics where the answer is not one that the document tells of. What is not in the document is not looked at.
#[track_caller]
pub(super) fn check(call: &Call, reply: &Reply) {
    let Some((template, described)) = CONTRACT.operation(call) else { return };
    let status = reply.status.to_string();
    let context = || format!("{} {} (as {template}) answers {status}: {reply:?}", call.method, call.path);
    let Some(answer) = described["responses"].get(&status) else {
        panic!("{}, of which the document knows nothing", context());
    };
    let Some(content) = answer.get("content") else {
        assert!(reply.body.is_null(), "{}, with a body that the document does not tell of", context());
        return;
    };
    let kind = reply.headers.get("content-type").map_or("", |kind| kind.to_str().unwrap());
    let kind = kind.split(';').next().unwrap_or_default();
    let Some(form) = content.get(kind).and_then(|content| content.get("schema")) else {
        panic!("{}, as {kind:?}, of which the document knows nothing", context());
    };
    if kind.ends_with("json") {
        let name = format!("{} {template} {status} {kind}", call.method);
        let faults: Vec<String> = CONTRACT
            .validator(name, form)
            .iter_errors(&reply.body)
            .map(|fault| format!("{fault} at {}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{}, otherwise than in the document: {faults:#?}", context());
    }
}

impl Contract {
    fn new() -> Self {
        let mut document = serde_json::to_value(assay_admin_api::document()).unwrap();
        let components = document["components"].take();
        Self { paths: document["paths"].take(), components, validators: Mutex::default() }
    }

    /// The operation that serves a call; of several the one whose path is spelt out furthest.
    fn operation(&self, call: &Call) -> Option<(&str, &Value)> {
        let path = call.path.split('?').next().unwrap_or_default();
        let method = call.method.to_ascii_lowercase();
        let fitting = self.paths.as_object()?.iter().filter(|(template, _)| fits(template, path));
        let (template, item) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
        Some((template.as_str(), item.get(method)?))
    }

    fn validator(&self, name: String, form: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let made = validators.entry(name).or_insert_with(|| {
            let schema = json!({"allOf": [form], "components": self.components});
            Arc::new(jsonschema::draft202012::new(&schema).unwrap())
        });
        Arc::clone(made)
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
}
