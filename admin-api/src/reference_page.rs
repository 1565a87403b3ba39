//! The API's document as a page to read: one file, no scripts, nothing from elsewhere.
//!
//! Everything stands in it at once, so that a browser's search finds it and a printer prints it; trying things out is what
//! the interactive page at `/api/docs` is for.

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;
use std::fmt::Write;
use std::sync::LazyLock;

/// Styles only, and only those in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const STYLE: &str = "
body{font:16px/1.5 system-ui,sans-serif;margin:0;display:flex;color:#1a1a1a}
nav{position:sticky;top:0;height:100vh;overflow:auto;flex:0 0 20em;padding:1em;box-sizing:border-box;background:#f4f5f7;font-size:.85em}
nav a{display:block;color:inherit;text-decoration:none}nav h2{font-size:1em;margin:1em 0 .2em}
main{padding:1em 2em;max-width:60em;min-width:0}
section.operation{border-top:1px solid #ddd;padding-top:.5em}
h3 code{font-size:.9em}table{border-collapse:collapse;width:100%;font-size:.9em}
th,td{text-align:left;vertical-align:top;padding:.2em .6em .2em 0;border-bottom:1px solid #eee}
code,pre{font-family:ui-monospace,monospace}pre{background:#f4f5f7;padding:.6em;overflow:auto}
.method{font-weight:bold}@media(max-width:50em){body{display:block}nav{position:static;height:auto}}";

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let document = serde_json::to_value(crate::document()).expect("the document is JSON");
    page(&document)
});

/// Serves the page.
pub(crate) async fn reference_page() -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, Html(PAGE.as_str())).into_response()
}

/// An operation and where it is.
struct Described<'a> {
    method: &'a str,
    path: &'a str,
    operation: &'a Value,
}

fn page(document: &Value) -> String {
    let mut out = String::with_capacity(1 << 20);
    let title = text(&document["info"]["title"]);
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body>"
    );
    let tags = document["tags"].as_array().map_or(&[][..], Vec::as_slice);
    let operations = operations(document);
    navigation(&mut out, tags, &operations);
    let _ = write!(out, "<main><h1>{title}</h1>{}", paragraphs(&document["info"]["description"]));
    for tag in tags {
        let _ =
            write!(out, "<h2 id=\"{0}\">{0}</h2>{1}", text(&tag["name"]), paragraphs(&tag["description"]));
        operations.iter().filter(|d| has_tag(d, tag)).for_each(|d| operation(&mut out, d));
    }
    out.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        self::schema(&mut out, name, schema);
    }
    out.push_str("</main></body></html>\n");
    out
}

fn operations(document: &Value) -> Vec<Described<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            methods.map(move |(method, operation)| Described { method, path, operation })
        })
        .collect()
}

fn has_tag(described: &Described<'_>, tag: &Value) -> bool {
    described.operation["tags"].as_array().is_some_and(|tags| tags.contains(&tag["name"]))
}

fn navigation(out: &mut String, tags: &[Value], operations: &[Described<'_>]) {
    out.push_str("<nav>");
    for tag in tags {
        let _ = write!(out, "<h2><a href=\"#{0}\">{0}</a></h2>", text(&tag["name"]));
        for described in operations.iter().filter(|described| has_tag(described, tag)) {
            let id = text(&described.operation["operationId"]);
            let _ = write!(out, "<a href=\"#{id}\">{}</a>", id.replace('_', " "));
        }
    }
    out.push_str("<h2><a href=\"#schemas\">Schemas</a></h2></nav>");
}

fn operation(out: &mut String, described: &Described<'_>) {
    let Described { method, path, operation } = described;
    let _ = write!(
        out,
        "<section class=\"operation\" id=\"{}\"><h3><span class=\"method\">{}</span> <code>{}</code></h3><p>{}</p>{}",
        text(&operation["operationId"]),
        escaped(&method.to_uppercase()),
        escaped(path),
        text(&operation["summary"]),
        paragraphs(&operation["description"]),
    );
    parameters(out, &operation["parameters"]);
    for (media, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
        let _ = write!(out, "<p>Body, <code>{}</code>: {}</p>", escaped(media), form(&content["schema"]));
    }
    responses(out, &operation["responses"]);
    out.push_str("</section>");
}

fn parameters(out: &mut String, parameters: &Value) {
    let Some(parameters) = parameters.as_array().filter(|all| !all.is_empty()) else { return };
    out.push_str("<table><tr><th>Parameter</th><th>In</th><th>Form</th><th></th></tr>");
    for parameter in parameters {
        let _ = write!(
            out,
            "<tr><td><code>{}</code>{}</td><td>{}</td><td>{}</td><td>{}{}</td></tr>",
            text(&parameter["name"]),
            required(parameter["required"] == true),
            text(&parameter["in"]),
            form(&parameter["schema"]),
            text(&parameter["description"]),
            example(parameter),
        );
    }
    out.push_str("</table>");
}

fn responses(out: &mut String, responses: &Value) {
    out.push_str("<table><tr><th>Status</th><th>Body</th><th></th></tr>");
    for (status, response) in responses.as_object().into_iter().flatten() {
        let contents = response["content"].as_object().into_iter().flatten();
        let bodies: Vec<String> = contents.map(|(_, content)| form(&content["schema"])).collect();
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(status),
            bodies.join(", "),
            text(&response["description"]),
        );
    }
    out.push_str("</table>");
}

fn schema(out: &mut String, name: &str, schema: &Value) {
    let name = escaped(name);
    let _ = write!(out, "<h3 id=\"schema-{name}\">{name}</h3>{}", paragraphs(&schema["description"]));
    let Some(properties) = schema["properties"].as_object() else {
        let _ = write!(out, "<p>{}</p>", form(schema));
        return;
    };
    let needed = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    out.push_str("<table><tr><th>Property</th><th>Form</th><th></th></tr>");
    for (property, of) in properties {
        let _ = write!(
            out,
            "<tr><td><code>{}</code>{}</td><td>{}</td><td>{}{}</td></tr>",
            escaped(property),
            required(needed.iter().any(|name| name == property)),
            form(of),
            text(&of["description"]),
            example(of),
        );
    }
    out.push_str("</table>");
}

/// What values there may be, in short, with links to schemas that have names.
fn form(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escaped(name));
    }
    for (key, joint) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        if let Some(parts) = schema[key].as_array() {
            return parts.iter().map(form).collect::<Vec<_>>().join(joint);
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values = values.iter().map(|value| format!("<code>{}</code>", escaped(&value.to_string())));
        return values.collect::<Vec<_>>().join(" or ");
    }
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec!["any"],
    };
    let mut words = kinds.join(" or ");
    if schema["items"].is_object() {
        let _ = write!(words, " of {}", form(&schema["items"]));
    }
    words
}

fn required(is_required: bool) -> &'static str {
    if is_required { " (required)" } else { "" }
}

fn example(of: &Value) -> String {
    let example =
        of.get("example").or_else(|| of["examples"].get(0)).or_else(|| of["schema"]["examples"].get(0));
    example
        .map_or_else(String::new, |value| format!(" Example: <code>{}</code>", escaped(&value.to_string())))
}

/// A text of the document.
fn text(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

fn paragraphs(value: &Value) -> String {
    let texts = value.as_str().unwrap_or_default().split("\n\n").filter(|part| !part.is_empty());
    texts.map(|part| format!("<p>{}</p>", escaped(part))).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_document_says_is_text_and_no_markup() {
        let hostile = "</p><script>alert(\"1\")</script>";
        let document = json!({
            "info": {"title": hostile, "description": hostile},
            "tags": [{"name": hostile, "description": hostile}],
            "paths": {hostile: {"get": {
                "tags": [hostile], "operationId": hostile, "summary": hostile, "description": hostile,
                "parameters": [{"name": hostile, "in": hostile, "description": hostile, "example": hostile}],
                "requestBody": {"content": {hostile: {"schema": {"$ref": hostile}}}},
                "responses": {hostile: {"description": hostile}},
            }}},
            "components": {"schemas": {hostile: {"properties": {hostile: {"enum": [hostile]}}}}},
        });
        let page = page(&document);
        assert!(
            page.contains("&lt;script&gt;") && !page.contains("<script") && !page.contains("\"1\""),
            "{page}"
        );
    }

    #[test]
    fn forms_are_told_in_short() {
        let told = |schema: Value| form(&schema);
        assert_eq!(told(json!({"type": ["string", "null"]})), "string or null");
        assert_eq!(told(json!({"type": "array", "items": {"type": "integer"}})), "array of integer");
        assert_eq!(
            told(json!({"$ref": "#/components/schemas/Receipt"})),
            "<a href=\"#schema-Receipt\">Receipt</a>"
        );
        assert_eq!(told(json!({"oneOf": [{"type": "null"}, {"type": "string"}]})), "null or string");
        assert_eq!(told(json!({"type": "string", "enum": ["a"]})), "<code>&quot;a&quot;</code>");
    }
}
