//! Sessions and switches by commands of two administrators, on a node that goes on serving (ADR 0014, A-33).

use crate::PATIENCE;
use crate::back_office::{EMAIL, address, call, create_admin, from_base32, log_in, once_recovered, step};
use crate::client::Client;
use crate::disconnects::logon;
use crate::instance::{Ended, Home, Server, assay, run};
use assay_admin_api::totp;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

const SECOND: &str = "ada@venue.example";
const PASSWORD: &str = "maple-comet-4-river";
const PAUSE: Duration = Duration::from_millis(20);

/// A node whose mail goes to a directory.
pub(crate) fn home() -> Home {
    let home = Home::new();
    let mail = mail_dir(&home);
    home.changed("[admin]\n", &format!("[admin]\nmail_dir = \"{}\"\n", mail.display()))
}

pub(crate) fn mail_dir(home: &Home) -> PathBuf {
    home.data().with_file_name("mail")
}

/// What `find` finds, sooner or later.
#[track_caller]
pub(crate) fn wait<T>(mut find: impl FnMut() -> Option<T>) -> T {
    for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
        if let Some(found) = find() {
            return found;
        }
        std::thread::sleep(PAUSE);
    }
    panic!("it never came");
}

pub(crate) fn enrol(server: &Server, token: &str) {
    let prepared = call(server, "POST", "/api/v1/auth/me/totp", token, None).expect(200);
    let code = totp::code_at(&from_base32(&prepared.text("secret")), step());
    call(server, "POST", "/api/v1/auth/me/totp/confirm", token, Some(&json!({ "code": code }))).expect(200);
}

/// The token in the link that was mailed to somebody.
fn mailed_token(home: &Home, to: &str) -> String {
    wait(|| {
        let files = std::fs::read_dir(mail_dir(home)).ok()?.flatten();
        let texts = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
        let text = texts.into_iter().find(|text| text.contains(to) && text.contains("?token="))?;
        Some(text.split("?token=").nth(1)?.split_whitespace().next()?.to_owned())
    })
}

/// Two administrators, each with a file that holds an access token.
pub(crate) fn administrators(home: &Home, server: &Server) -> [PathBuf; 2] {
    once_recovered(server, "GET", "/api/v1/auth/jwks", "", None).expect(200);
    create_admin(home, Some(server), EMAIL).assert_code(0);
    let first = log_in(server, None).expect(200).text("access_token");
    enrol(server, &first);
    let invited = json!({"email": SECOND, "username": "ada", "roles": ["admin"], "firm": null});
    call(server, "POST", "/api/v1/users", &first, Some(&invited)).expect(201);
    let file = home.data().with_file_name("first.token");
    std::fs::write(&file, &first).expect("writable");
    [file, accepted(home, server, SECOND, "second")]
}

/// The token file of somebody who accepts an invitation, logs in and sets up a second factor.
fn accepted(home: &Home, server: &Server, email: &str, name: &str) -> PathBuf {
    let token = mailed_token(home, email);
    let chosen = json!({"token": token, "password": PASSWORD, "password_confirmation": PASSWORD});
    call(server, "POST", "/api/v1/auth/accept-invitation", "", Some(&chosen)).expect(204);
    let password = home.data().with_file_name("password-of-others.txt");
    std::fs::write(&password, format!("{PASSWORD}\n")).expect("writable");
    let file = home.data().with_file_name(format!("{name}.token"));
    let mut command = assay(&["user", "log-in", "--email", email, "--password-file"]);
    command.arg(password).arg("--token-file").arg(&file).arg("--api").arg(address(server).to_string());
    run(command).assert_code(0);
    enrol(server, std::fs::read_to_string(&file).expect("written").trim());
    file
}

/// Somebody whom the two administrators invite: the file that holds an access token.
pub(crate) fn member(
    home: &Home,
    server: &Server,
    administrators: &[PathBuf; 2],
    name: &str,
    (role, firm): (&str, Option<&str>),
) -> PathBuf {
    let [first, second] = [0, 1].map(|n| std::fs::read_to_string(&administrators[n]).expect("written"));
    let email = format!("{name}@venue.example");
    let invited = json!({"email": email, "username": name, "roles": [role], "firm": firm});
    let reply = call(server, "POST", "/api/v1/users", first.trim(), Some(&invited));
    if let Some(proposal) = reply.json()["proposal"].as_str() {
        let path = format!("/api/v1/proposals/{proposal}/approve");
        call(server, "POST", &path, second.trim(), Some(&json!({"reason": "known"}))).expect(200);
    }
    accepted(home, server, &email, name)
}

/// `assay ...` by whoever holds `token`.
/// What a token file holds.
pub(crate) fn token(file: &Path) -> String {
    std::fs::read_to_string(file).expect("written").trim().to_owned()
}

pub(crate) fn command(server: &Server, token: &Path, args: &[&str]) -> Ended {
    let mut command = assay(args);
    command.arg("--api").arg(address(server).to_string()).arg("--token-file").arg(token);
    run(command)
}

pub(crate) fn answer(ended: &Ended) -> Value {
    serde_json::from_str(&ended.assert_code(0).stdout).expect("JSON")
}

/// What `args` propose by the first is approved by the second.
fn by_two(server: &Server, tokens: &[PathBuf; 2], args: &[&str]) {
    let proposed = answer(&command(server, &tokens[0], args));
    let proposal = proposed["proposal"].as_str().unwrap_or_else(|| panic!("{proposed}"));
    let approve = ["proposal", "approve", proposal, "--reason", "checked"];
    command(server, &tokens[0], &approve).assert_code(1);
    command(server, &tokens[1], &approve).assert_code(0);
}

#[test]
fn a_session_is_made_renumbered_suspended_and_resumed_while_others_trade() {
    let home = home();
    let server = home.start();
    let tokens = administrators(&home, &server);
    let mut other = Client::logged_on("CLIENT1", server.address());
    let settings = home.data().with_file_name("client9.toml");
    std::fs::write(&settings, "comp_id = \"CLIENT9\"\nfirm = \"FIRM1\"\n").expect("writable");
    let file = settings.to_str().expect("text");
    by_two(&server, &tokens, &["session", "create", "--settings", file, "--reason", "new desk"]);
    let mut client = Client::new("CLIENT9");
    logon(&mut client, &server, "");
    client.assert_alive();
    other.assert_alive();

    let reset = ["session", "reset", "CLIENT9", "--reason", "drill"];
    let tried = answer(&command(&server, &tokens[0], &[&reset[..], &["--dry-run"][..]].concat()));
    assert_eq!(tried["after"], json!({"next_in": 1, "next_out": 1}), "{tried}");
    client.assert_alive();
    by_two(&server, &tokens, &reset);
    client.expect("5").assert_has("58=Sequence numbers are set by the operator");
    client.send("5", "");
    drop(client.hang_up());
    let mut client = Client::new("CLIENT9");
    logon(&mut client, &server, "").assert_has("34=1");
    other.assert_alive();

    let suspend = ["session", "suspend", "CLIENT9", "--reason", "on the firm's word"];
    command(&server, &tokens[1], &suspend).assert_code(0);
    client.expect("5").assert_has("58=Session suspended");
    drop(client.hang_up());
    other.assert_alive();
    server.kill_9();

    let server = home.start();
    let list = |wanted: &str| {
        wait(|| {
            let list = command(&server, &tokens[0], &["session", "list"]);
            list.stdout.contains(wanted).then_some(())
        });
    };
    list("CLIENT9  FIRM1  suspended  log  ");
    list("CLIENT1  FIRM1  off  file  ");
    by_two(&server, &tokens, &["session", "resume", "CLIENT9", "--reason", "settled"]);
    logon(&mut client, &server, "");
    client.assert_alive();
    server.stop_after([client, other]);
    home.assert_sound();
}

#[test]
fn a_33_a_switch_stops_a_firm_at_once_and_somebody_else_lets_it_go_on() {
    let home = home();
    let server = home.start();
    let tokens = administrators(&home, &server);
    let mut client = Client::logged_on("CLIENT1", server.address());
    let terms = "54=1|38=100|40=2|44=10|";
    client.order("a", terms).assert_has("150=0");
    let of = |scope: &str, token: &Path, state: &str, code: i32| {
        let args = ["risk", "switch", scope, state, "--reason", "runaway"];
        command(&server, token, &args).assert_code(code);
    };
    let switch = |token: &Path, state: &str| of("firm=FIRM1", token, state, 0);
    switch(&tokens[0], "killed");
    let cancelled = client.expect("8");
    cancelled.assert_has("150=4|11=a|378=99");
    assert!(cancelled.value(58).starts_with("KILL_SWITCH: user:"), "{cancelled:?}");
    client.order("b", terms).assert_has("150=8|103=0");
    of("firm=FIRM1", &tokens[0], "open", 1);
    client.order("c", terms).assert_has("150=8|103=0");
    switch(&tokens[1], "open");
    client.order("d", terms).assert_has("150=0");
    // A session is named by its CompID or as records name it, and one that there is not is no session.
    of("session=CLIENT1", &tokens[0], "killed", 0);
    client.expect("8").assert_has("150=4|11=d|378=99");
    client.order("e", terms).assert_has("150=8|103=0");
    of("session=CLIENT1/ASSAY", &tokens[1], "open", 0);
    client.order("f", terms).assert_has("150=0");
    of("session=NOBODY", &tokens[0], "killed", 1);
    server.stop_after([client]);
    home.assert_sound();
}
