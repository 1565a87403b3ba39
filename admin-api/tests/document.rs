//! The API's document: checked in, and what the program serves.

mod support;

use serde_json::Value;
use std::path::Path;
use support::{Call, World};

fn file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api/openapi.json")
}

/// `ASSAY_REGENERATE_GOLDEN=1 cargo test -p assay-admin-api --test document` writes it anew; the diff is what clients will see.
#[test]
fn the_checked_in_document_is_the_one_that_is_served() {
    let document = serde_json::to_string_pretty(&assay_admin_api::document()).unwrap() + "\n";
    if std::env::var_os("ASSAY_REGENERATE_GOLDEN").is_some() {
        std::fs::create_dir_all(file().parent().unwrap()).unwrap();
        std::fs::write(file(), &document).unwrap();
    }
    let checked_in = std::fs::read_to_string(file()).unwrap_or_default();
    assert!(document == checked_in, "docs/api/openapi.json differs from the API");
    let served = World::new().send(Call::new("GET", "/api/v1/openapi.json")).expect(200).body;
    assert_eq!(served, serde_json::from_str::<Value>(&checked_in).unwrap());
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[test]
fn every_property_and_parameter_has_words_and_every_property_an_example() {
    let document = serde_json::to_value(assay_admin_api::document()).unwrap();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (property, form) in schema["properties"].as_object().into_iter().flatten() {
            let refers = form.get("$ref").is_some()
                || form["items"].get("$ref").is_some()
                || form.get("allOf").is_some()
                || form.get("oneOf").is_some();
            assert!(form.get("description").is_some() || refers, "{name}.{property} has no words");
            let shown = form.get("example").is_some()
                || form.get("examples").is_some()
                || refers
                || form["items"].is_object()
                || form["type"] == "object"
                || form["type"][0] == "object";
            assert!(shown, "{name}.{property} has no example: {form}");
        }
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, op) in item.as_object().unwrap() {
            assert!(
                op["description"].as_str().is_some_and(|d| d.contains(['.', ':'])),
                "{method} {path} has no words"
            );
            assert!(op["responses"].as_object().unwrap().len() > 3, "{method} {path} names no problems");
        }
    }
}

#[test]
fn the_pages_that_show_it_are_served_from_the_binary() {
    let world = World::new();
    let page = world.send(Call::new("GET", "/docs"));
    assert_eq!((page.status, page.headers["location"].to_str().unwrap()), (308, "/api/docs/"));
    world.send(Call::new("GET", "/api/docs/")).expect(200);
    world.send(Call::new("GET", "/api/docs/swagger-ui.css")).expect(200);
}

#[test]
fn links_in_mails_lead_to_pages_that_run_nothing_but_their_own_script() {
    use base64::Engine;
    use sha2::Digest;
    let world = World::new();
    for (path, sends_to) in [
        ("/accept-invitation", "/api/v1/auth/accept-invitation"),
        ("/confirm-email", "/api/v1/auth/confirm-email"),
        ("/password-reset", "/api/v1/auth/password-reset-confirm"),
    ] {
        let reply = world.send(Call::new("GET", &format!("{path}?token=tok_x.%22%3E%3Cb%3E"))).expect(200);
        let page = reply.body.as_str().unwrap();
        assert!(page.contains(&format!("data-to=\"{sends_to}\"")), "{page}");
        assert!(!page.contains("tok_x"), "the page is the same for everybody");
        assert_eq!(page.contains("name=\"password_confirmation\""), path != "/confirm-email");
        let script = page.split("<script>").nth(1).unwrap().split("</script>").next().unwrap();
        let digest = base64::prelude::BASE64_STANDARD.encode(sha2::Sha256::digest(script));
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains(&format!("script-src 'sha256-{digest}';")), "{policy}");
        assert_eq!(reply.headers["referrer-policy"], "no-referrer", "the token must not travel on");
        let sends: Vec<&str> =
            assay_admin_api::Operation::ALL.iter().map(|o| o.path()).filter(|p| *p == sends_to).collect();
        assert_eq!(sends, [sends_to]);
    }
}

#[test]
fn the_reference_page_holds_every_operation_and_asks_for_nothing_else() {
    let world = World::new();
    let reply = world.send(Call::new("GET", "/api/redoc")).expect(200);
    assert_eq!(reply.headers["content-type"], "text/html; charset=utf-8");
    assert!(reply.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let page = reply.body.as_str().unwrap();
    for operation in assay_admin_api::Operation::ALL {
        let place = format!("</span> <code>{}</code>", operation.path());
        assert!(
            page.contains(&place) && page.contains(&format!("id=\"{}\"", operation.name())),
            "{operation:?}"
        );
    }
    let document = serde_json::to_value(assay_admin_api::document()).unwrap();
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
    }
    for foreign in ["<script", "src=", "<link", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    for (alias, place) in [("/redoc", "/api/redoc"), ("/api/schema", "/api/v1/openapi.json")] {
        let moved = world.send(Call::new("GET", alias)).expect(308);
        assert_eq!(moved.headers["location"], place);
    }
}
