//! Identity files: handed in, seen by few, decided by others than their owner, compared with lists, run out, erased.

mod support;

use assay_admin_api::state::KycFileStatus;
use assay_admin_api::{ApiConfig, KycConfig, Rates};
use assay_trading_types::{
    Command, Decision, Event, Job, KycAction, KycFileId, KycRejection, KycRequested, KycStatus,
    KycSubmission, NoticeKind, Topic, UserId,
};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use support::{Call, Reply, World, command, wait_until};
use zeroize::Zeroizing;

const SECRET: &str = "a provider's secret";
const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;

/// Staff, and a firm's people.
struct Office {
    world: World,
    reviewer: String,
    second: String,
    compliance: [String; 2],
    trader: String,
    manager: String,
    /// The administrator of another firm.
    foreign: String,
    operations: [String; 2],
    admins: [String; 2],
}

fn office_with(kyc: KycConfig) -> Office {
    let rates = Rates { anonymous_per_h: 1_000_000, user_per_h: 1_000_000, ..Rates::default() };
    let world = World::with(ApiConfig { rates, kyc, ..ApiConfig::default() });
    let first = world.administrator();
    let other = world.member(&first, None, "other", &["admin"], None);
    let member = |name: &str, role: &str, firm| world.member(&first, Some(&other), name, &[role], firm);
    let (reviewer, second) = (member("kira", "kyc_reviewer", None), member("kurt", "kyc_reviewer", None));
    let compliance = [member("carl", "compliance", None), member("cora", "compliance", None)];
    let (trader, manager) =
        (member("tim", "trader", Some("FIRM1")), member("mia", "firm_admin", Some("FIRM1")));
    let foreign = member("ben", "firm_admin", Some("FIRM2"));
    let operations = [member("olga", "operations", None), member("oskar", "operations", None)];
    let admins = [first, other];
    Office { world, reviewer, second, compliance, trader, manager, foreign, operations, admins }
}

fn office() -> Office {
    office_with(KycConfig {
        provider_secret: Some(Zeroizing::new(SECRET.to_owned())),
        ..KycConfig::default()
    })
}

/// A small JPEG with a camera's words in it.
fn photo(words: &str) -> Vec<u8> {
    let segment = |marker: u8, body: &[u8]| {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], body].concat()
    };
    [
        vec![0xff, 0xd8],
        segment(0xe1, words.as_bytes()),
        segment(0xc0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]),
        segment(0xda, &[1, 1, 0, 0, 63, 0]),
        vec![1, 2, 3, 0xff, 0xd9],
    ]
    .concat()
}

type Form = Vec<(&'static str, Vec<u8>)>;

/// A whole file of a person.
fn form(name: &str, number: &str) -> Form {
    let text = |field, value: &str| (field, value.as_bytes().to_vec());
    vec![
        text("document_type", "passport"),
        text("document_number", number),
        text("full_name", name),
        text("birth_date", "1985-12-10"),
        text("address", "12 St James's Square"),
        text("city", "London"),
        text("country", "GB"),
        text("postal_code", "SW1Y 4JH"),
        ("front", photo("GPS 51.5")),
        ("selfie", photo("face")),
        ("proof_of_address", b"%PDF-1.7\n1 0 obj".to_vec()),
    ]
}

fn with(mut form: Form, field: &'static str, value: &str) -> Form {
    form.retain(|(name, _)| *name != field);
    form.push((field, value.as_bytes().to_vec()));
    form
}

fn without(mut form: Form, field: &str) -> Form {
    form.retain(|(name, _)| *name != field);
    form
}

fn call(token: &str, form: &Form) -> Call {
    let mut body = Vec::new();
    for (name, value) in form {
        body.extend_from_slice(
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b--\r\n");
    let mut call = Call::new("POST", "/api/v1/kyc/submit")
        .by(token)
        .header("content-type", "multipart/form-data; boundary=b");
    call.body = Some(body);
    call
}

impl Office {
    fn submit(&self, token: &str, form: &Form) -> Reply {
        self.world.send(call(token, form))
    }

    #[track_caller]
    fn submitted(&self, token: &str) -> String {
        self.submit(token, &form("Ada King", "X 123-4567")).expect(201).text("id")
    }

    fn act(&self, token: &str, file: &str, act: &str, body: Value) -> Reply {
        self.world.write(token, "POST", &format!("/api/v1/kyc/{file}/{act}"), body)
    }

    fn approve(&self, token: &str, file: &str) -> Reply {
        self.act(token, file, "approve", json!({"reason": "seen"}))
    }

    fn judge(&self, token: &str, proposed: &Reply) -> Reply {
        let path = format!("/api/v1/proposals/{}/approve", proposed.text("proposal"));
        self.world.write(token, "POST", &path, json!({"reason": "seen too"}))
    }

    fn status(&self, token: &str) -> Value {
        self.world.get(token, "/api/v1/kyc/status").expect(200).body["own"].clone()
    }

    fn notices(&self, token: &str) -> Vec<String> {
        let body = self.world.get(token, "/api/v1/notifications").expect(200).body;
        let items = body["page"]["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
    }

    /// What risk was told about firms.
    fn gates(&self) -> Vec<KycStatus> {
        let gate = |event: &Event| if let Event::FirmKycSet(e) = event { Some(e.kyc) } else { None };
        self.world.events(Topic::Accounts).iter().filter_map(gate).collect()
    }

    fn user(&self, name: &str) -> UserId {
        let state = self.world.api.state();
        state.identity.user_of_email(&format!("{name}@venue.example")).unwrap().id
    }

    /// What is decided on an action of a user, however long ago its login has ended.
    fn decision(&self, by: &str, action: KycAction) -> Decision {
        let number = self.world.events(Topic::Admin).len();
        let command = Command { by: Some(self.user(by)), ..command(number, "test") };
        let id = command.id;
        self.world.asks(KycRequested { command, action });
        self.world.decision(id)
    }

    #[track_caller]
    fn done(&self, by: &str, action: KycAction) {
        let decision = self.decision(by, action);
        assert!(matches!(decision, Decision::Done { .. }), "{decision:?}");
    }

    fn file_status(&self, file: KycFileId) -> KycFileStatus {
        self.world.api.state().kyc.file(&file).unwrap().status
    }

    /// How often the job has run that lets files run out.
    fn expiry_runs(&self) -> usize {
        let is = |e: &&Event| matches!(e, Event::JobFinished(e) if e.job == Job::KycExpiry);
        self.world.events(Topic::Admin).iter().filter(is).count()
    }

    /// Lets time pass in which that job is due.
    fn pass_to_expiry(&self, seconds: i64) {
        let before = self.expiry_runs();
        self.world.pass_s(seconds);
        wait_until("the job runs", || self.expiry_runs() > before);
    }

    fn views(&self) -> usize {
        let is_view = |e: &&Event| matches!(e, Event::KycRequested(e) if matches!(e.action, KycAction::NoteView { .. }));
        self.world.events(Topic::Admin).iter().filter(is_view).count()
    }

    fn files_kept(&self) -> usize {
        std::fs::read_dir(self.world.path("documents")).map_or(0, Iterator::count)
    }
}

#[test]
fn a_file_is_handed_in_reviewed_and_approved_and_its_owner_is_told() {
    let office = office();
    let Office { world, reviewer, trader, .. } = &office;
    assert_eq!(office.status(trader)["status"], "not_submitted");
    let me = || {
        let me = world.get(trader, "/api/v1/auth/me").expect(200);
        (me.body["kyc_status"].clone(), me.body["verified"].clone())
    };
    assert_eq!(me(), (json!("not_submitted"), json!(false)));
    let file = office.submitted(trader);
    assert_eq!(office.status(trader)["status"], "pending");
    assert_eq!(office.status(trader)["verified"], false);
    assert_eq!(me(), (json!("pending"), json!(false)));
    office.submit(trader, &form("Ada King", "1")).problem(409, "conflict");
    let queue = world.get(reviewer, "/api/v1/kyc/pending?country=GB&type=passport").expect(200);
    assert_eq!(queue.body["items"][0]["id"], json!(file));
    assert_eq!(queue.body["items"][0]["personal"], Value::Null, "a list shows nothing personal");
    for other in
        ["country=FR", "type=national_id", "older_than=1", "older_than=4294967295", "status=approved"]
    {
        let path = format!("/api/v1/kyc/pending?{other}");
        assert_eq!(world.get(reviewer, &path).expect(200).body["items"], json!([]), "{other}");
    }
    office.approve(reviewer, &file).expect(200);
    let status = office.status(trader);
    assert_eq!((&status["status"], &status["verified"]), (&json!("approved"), &json!(true)));
    assert!(
        status["expires"].as_str().unwrap().starts_with("2028-11-20"),
        "730 days after submission: {status}"
    );
    assert!(status.get("reviewed_by").is_none());
    assert_eq!(office.notices(trader), ["kyc_approved"]);
    assert_eq!(office.notices(reviewer), ["kyc_submitted"]);
    assert!(world.mails("tim@venue.example").iter().any(|mail| mail.contains("Your identity is verified")));
    office.approve(reviewer, &file).problem(409, "conflict");
    let turn_down = json!({"code": "other", "reason": "late"});
    office.act(reviewer, &file, "reject", turn_down).problem(409, "conflict");
}

#[test]
fn a_rejected_file_says_why_and_another_may_follow_five_times_a_day() {
    let office = office();
    let Office { reviewer, trader, .. } = &office;
    for _ in 0..5 {
        let file = office.submitted(trader);
        office
            .act(reviewer, &file, "reject", json!({"code": "unreadable", "reason": " "}))
            .problem(400, "invalid");
        office.act(reviewer, &file, "reject", json!({"reason": "x"})).problem(400, "invalid");
        let why = json!({"code": "unreadable", "reason": "the front cannot be read"});
        office.act(reviewer, &file, "reject", why).expect(200);
        assert_eq!(office.status(trader)["reason"], "the front cannot be read");
        office.approve(reviewer, &file).problem(409, "conflict");
    }
    let kept = office.files_kept();
    office.submit(trader, &form("Ada King", "6")).problem(409, "conflict");
    assert_eq!(office.files_kept(), kept, "what is refused is not kept");
    office.world.pass_s(DAY_S);
    let token = office.world.log_in("tim@venue.example");
    office.submitted(&token);
}

#[test]
fn a_file_that_is_not_enough_may_be_followed_by_another() {
    let office = office();
    let file = office.submitted(&office.trader);
    office.act(&office.reviewer, &file, "request-more", json!({"reason": "a newer letter"})).expect(200);
    assert_eq!(office.status(&office.trader)["status"], "more_needed");
    assert_eq!(office.status(&office.trader)["reason"], "a newer letter");
    let next = office.submitted(&office.trader);
    office.approve(&office.reviewer, &file).problem(409, "conflict");
    office.approve(&office.reviewer, &next).expect(200);
}

#[test]
fn a_report_says_where_every_file_stood_and_names_nobody() {
    let office = office();
    let Office { world, reviewer, trader, manager, .. } = &office;
    let turned_down = office.submitted(trader);
    let why = json!({"code": "unreadable", "reason": "the front cannot be read"});
    office.act(reviewer, &turned_down, "reject", why).expect(200);
    let approved = office.submitted(trader);
    office.approve(reviewer, &approved).expect(200);
    let waiting = office.submitted(manager);
    let person = world.get(trader, "/api/v1/auth/me").expect(200).text("id");
    let by = world.get(reviewer, "/api/v1/auth/me").expect(200).text("id");
    let other = world.get(manager, "/api/v1/auth/me").expect(200).text("id");
    let columns = ["file", "user", "newest", "standing", "status", "reviewed_by", "code"];
    let lines = |to: &str| -> Vec<String> {
        let report = world.get(reviewer, &format!("/api/v1/reports/kyc-status?to={to}")).expect(200).body;
        for personal in ["X 123", "Ada King", "1985-12-10", "St James"] {
            assert!(!report.to_string().contains(personal), "{personal}: {report}");
        }
        let line = |row: &Value| columns.map(|column| row[column].to_string().replace('"', "")).join(" ");
        report["rows"].as_array().unwrap_or_else(|| panic!("no rows: {report}")).iter().map(line).collect()
    };
    let mut expected = [
        format!("{turned_down} {person} false approved rejected {by} unreadable"),
        format!("{approved} {person} true approved approved {by} null"),
        format!("{waiting} {other} true pending pending null null"),
    ];
    expected.sort();
    let mut now = lines("2026-11-22");
    now.sort();
    assert_eq!(now, expected);
    assert_eq!(lines("2026-11-21"), [""; 0], "nobody had handed in anything");
    // 730 days later nothing is proven any more, whether or not a job has said so.
    let standing = lines("2028-11-25");
    let newest = standing.iter().find(|line| line.starts_with(&approved)).unwrap();
    assert!(newest.contains(" true not_submitted "), "{newest}");
    world.get(trader, "/api/v1/reports/kyc-status?to=2026-11-22").problem(403, "forbidden");
}

#[test]
fn every_fault_of_a_form_is_named_and_nothing_changes() {
    let office = office();
    let (trader, whole) = (&office.trader, form("Ada King", "X1"));
    let before = office.world.text(Topic::Admin).len();
    let table: Vec<(Form, u16, &str)> = vec![
        (without(whole.clone(), "front"), 400, "front"),
        (without(whole.clone(), "selfie"), 400, "selfie"),
        (without(whole.clone(), "proof_of_address"), 400, "proof_of_address"),
        (with(whole.clone(), "document_type", "national_id"), 400, "back"),
        (with(whole.clone(), "document_type", "library_card"), 400, "document_type"),
        (with(whole.clone(), "document_type", "registration"), 400, "document_type"),
        (without(whole.clone(), "document_type"), 400, "document_type"),
        (with(whole.clone(), "document_number", &"x".repeat(101)), 400, "document_number"),
        (with(whole.clone(), "document_number", ""), 400, "document_number"),
        (with(whole.clone(), "full_name", "Ada\u{202e}King"), 400, "full_name"),
        (with(whole.clone(), "city", &"x".repeat(101)), 400, "city"),
        (with(whole.clone(), "postal_code", &"x".repeat(21)), 400, "postal_code"),
        (with(whole.clone(), "country", "UK"), 400, "country"),
        (with(whole.clone(), "birth_date", "2008-11-22"), 400, "birth_date"),
        (with(whole.clone(), "birth_date", "2030-01-01"), 400, "birth_date"),
        (with(whole.clone(), "birth_date", "soon"), 400, "birth_date"),
        (without(whole.clone(), "birth_date"), 400, "birth_date"),
        (with(whole.clone(), "document_expires", "2026-11-21"), 400, "document_expires"),
        (with(whole.clone(), "holder", "ghost"), 400, "holder"),
        (with(whole.clone(), "owners", r#"[{"full_name":"X"}]"#), 400, "owners"),
        (with(whole.clone(), "rank", "duke"), 400, "body"),
        (with(whole.clone(), "for", "you"), 400, "for"),
        (with(whole.clone(), "front", "GIF89a"), 415, ""),
        (with(whole.clone(), "front", "<svg/>"), 415, ""),
        (with(whole.clone(), "front", &("%PDF-".to_owned() + &"x".repeat(10 << 20))), 413, ""),
        (with(whole.clone(), "proof_of_address", "%PDF-1.7 /JavaScript (x)"), 400, "proof_of_address"),
    ];
    for (form, status, fault) in table {
        let reply = office.submit(trader, &form);
        let named = form.last().map(|(name, _)| *name);
        assert_eq!(reply.status, status, "{named:?}: {reply:?}");
        if !fault.is_empty() {
            assert_eq!(reply.faults(), [fault], "{named:?}: {reply:?}");
        }
        assert_eq!(office.world.text(Topic::Admin).len(), before, "{named:?}");
        assert_eq!(office.files_kept(), 0, "{named:?}");
    }
}

#[test]
fn files_are_seen_by_owners_and_reviewers_alone_and_every_look_is_recorded() {
    let office = office();
    let Office { world, reviewer, trader, manager, operations, .. } = &office;
    let file = office.submitted(trader);
    let (path, front) = (format!("/api/v1/kyc/{file}"), format!("/api/v1/kyc/{file}/files/front"));
    for stranger in [manager, &operations[0]] {
        world.get(stranger, &path).problem(404, "not-found");
        world.get(stranger, &front).problem(404, "not-found");
        world.get(stranger, "/api/v1/kyc/pending").problem(403, "forbidden");
    }
    assert_eq!(office.views(), 0);
    let own = world.get(trader, &path).expect(200);
    assert_eq!(own.body["personal"]["document_number"], "X 123-4567");
    assert_eq!(own.body.get("review"), None, "what is internal stays so");
    let seen = world.get(reviewer, &path).expect(200);
    assert_eq!(seen.body["review"]["risk"], "low");
    let image = world.get(reviewer, &front).expect(200);
    assert_eq!(image.headers["content-type"], "image/jpeg");
    assert_eq!(image.headers["content-disposition"], "attachment");
    for none in ["back", "../node.key", "front%2f..", "owner"] {
        let reply = world.get(reviewer, &format!("{path}/files/{none}"));
        assert_eq!(reply.status, 404, "{none}");
    }
    assert_eq!(office.views(), 3);
    let log = world.text(Topic::Admin);
    for personal in ["X 123-4567", "X1234567", "Ada King", "1985-12-10", "St James", "GPS 51.5"] {
        assert!(!log.contains(personal), "{personal} in the log");
    }
    for entry in std::fs::read_dir(world.path("documents")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(4).any(|w| w == b"%PDF" || w == [0xff, 0xd8, 0xff, 0xc0]), "in clear");
    }
}

#[test]
fn nobody_decides_on_their_own_file_and_what_one_has_taken_no_other_decides_on() {
    let office = office();
    let Office { reviewer, second, trader, compliance, .. } = &office;
    let own = office.submitted(reviewer);
    office.approve(reviewer, &own).problem(403, "segregation");
    office.approve(trader, &own).problem(403, "forbidden");
    office.approve(&compliance[0], &own).problem(403, "forbidden");
    office.approve(second, &own).expect(200);
    let file = office.submitted(trader);
    let id = office.world.get(second, "/api/v1/auth/me").expect(200).text("id");
    office.act(reviewer, &file, "assign", json!({"reviewer": id})).expect(200);
    office.approve(reviewer, &file).problem(409, "conflict");
    let trader_id = office.world.get(trader, "/api/v1/auth/me").expect(200).text("id");
    assert_ne!(office.act(reviewer, &file, "assign", json!({"reviewer": trader_id})).status, 200);
    office.approve(second, &file).expect(200);
}

#[test]
fn a_firm_that_is_taken_on_trades_once_it_is_known_and_no_longer_after_a_finding() {
    let office = office();
    let Office { world, reviewer, second, compliance, operations, admins, .. } = &office;
    let terms = json!({"accounts": ["FIRM3"], "self_trade": "cancel_newest"});
    let opened = world.write(&operations[0], "PUT", "/api/v1/firms/FIRM3", terms.clone()).expect(202);
    office.judge(&operations[1], &opened).expect(200);
    assert_eq!(office.gates(), [KycStatus::Pending]);
    let member =
        |name: &str, role: &str| world.member(&admins[0], Some(&admins[1]), name, &[role], Some("FIRM3"));
    let (manager, deputy) = (&member("mae", "firm_admin"), &member("moe", "firm_admin"));
    let trader = &member("tom", "trader");
    let owners =
        r#"[{"full_name":"Grace Hopper","birth_date":"1970-12-09","country":"GB","share_bp":10000}]"#;
    let company =
        [("for", "firm"), ("holder", "company"), ("document_type", "registration"), ("owners", owners)];
    let company =
        company.into_iter().fold(form("Acme Ltd", "0815"), |form, (field, value)| with(form, field, value));
    office.submit(trader, &company).problem(403, "forbidden");
    office.submit(manager, &without(company.clone(), "owners")).problem(400, "invalid");
    let file = office.submit(manager, &company).expect(201).text("id");
    let seen = |token: &str| world.get(token, &format!("/api/v1/kyc/{file}")).status;
    assert_eq!([manager, deputy].map(|token| seen(token)), [200, 200], "its administrators' file");
    assert_eq!([trader, &office.foreign].map(|token| seen(token)), [404, 404]);
    office.approve(reviewer, &file).expect(200);
    assert_eq!(office.gates(), [KycStatus::Pending, KycStatus::Verified]);
    let firm = world.get(trader, "/api/v1/kyc/status").expect(200).body["firm"].clone();
    assert_eq!(firm["verified"], true);
    let finding = json!({"code": "listed", "reason": "an owner is on a list"});
    office.act(second, &file, "revoke", finding.clone()).problem(403, "forbidden");
    office.act(&compliance[0], &file, "revoke", finding).expect(200);
    assert_eq!(office.gates(), [KycStatus::Pending, KycStatus::Verified, KycStatus::Rejected]);
    assert!(office.notices(manager).contains(&"kyc_rejected".to_owned()));
    // Other terms of a known firm change nothing about it.
    let end = world.get(&operations[0], "/api/v1/kyc/status").expect(200).headers["assay-position"].clone();
    let call = Call::new("PUT", "/api/v1/firms/FIRM3").by(&operations[0]).json(&terms);
    let proposed = world.send(call.header("assay-position", end.to_str().unwrap())).expect(202);
    office.judge(&operations[1], &proposed).expect(200);
    assert_eq!(office.gates().len(), 3);
}

const LIST: &str = "id,schema,name,aliases,birth_date,countries\nQ1,Person,Ada King,,1985-12-10,gb\n";

#[test]
fn a_name_on_a_list_takes_two_reviewers_and_a_new_list_is_held_against_old_files() {
    let lists = tempfile::tempdir().unwrap();
    let kyc = KycConfig { lists: Some(lists.path().to_owned()), ..KycConfig::default() };
    let office = office_with(kyc);
    let Office { world, reviewer, second, trader, manager, operations, .. } = &office;
    let early = office.submitted(trader);
    office.approve(reviewer, &early).expect(200);
    std::fs::write(lists.path().join("sanctions.csv"), LIST).unwrap();
    world.write(trader, "POST", "/api/v1/system/jobs/kyc_screening/run", json!({})).problem(403, "forbidden");
    world.write(&operations[0], "POST", "/api/v1/system/jobs/kyc_screening/run", json!({})).expect(200);
    wait_until("the old file is screened", || office.notices(reviewer).contains(&"kyc_listed".to_owned()));
    let seen = world.get(reviewer, &format!("/api/v1/kyc/{early}")).expect(200).body["review"].clone();
    assert_eq!((&seen["risk"], &seen["screening"]["hits"][0]["entry"]), (&json!("high"), &json!("Q1")));
    let version = seen["screening"]["lists"].as_str().unwrap().to_owned();
    assert_eq!(version.len(), 64, "the list's version stands with the decision");

    let file = office.submitted(manager);
    let seen = world.get(reviewer, &format!("/api/v1/kyc/{file}")).expect(200).body["review"].clone();
    assert_eq!(seen["screening"]["lists"], json!(version));
    assert_eq!(seen["duplicates"], json!([early]), "the same document as another's");
    let proposed = office.approve(reviewer, &file).expect(202);
    assert_eq!(office.status(manager)["status"], "pending");
    office.judge(reviewer, &proposed).problem(403, "segregation");
    office.judge(&operations[0], &proposed).problem(403, "forbidden");
    office.judge(second, &proposed).expect(200);
    assert_eq!(office.status(manager)["verified"], true);
    let job = world.get(&operations[0], "/api/v1/system/jobs").expect(200).body[1].clone();
    assert_eq!(
        (&job["name"], &job["last"]["count"], &job["last"]["error"]),
        (&json!("kyc_screening"), &json!(1), &Value::Null)
    );

    std::fs::write(lists.path().join("sanctions.csv"), "no list\n1\n").unwrap();
    world.write(&operations[0], "POST", "/api/v1/system/jobs/kyc_screening/run", json!({})).expect(200);
    wait_until("the failure is told", || office.notices(&operations[1]).contains(&"job_failed".to_owned()));
}

#[test]
fn a_file_of_a_listed_country_takes_two_reviewers() {
    let kyc = KycConfig { high_risk_countries: vec!["KP".to_owned()], ..KycConfig::default() };
    let office = office_with(kyc);
    let file =
        office.submit(&office.trader, &with(form("Ada King", "1"), "country", "KP")).expect(201).text("id");
    office.approve(&office.reviewer, &file).expect(202);
}

#[test]
fn an_identity_runs_out_after_730_days_is_told_before_and_gates_trading_at_once() {
    let office = office();
    let file =
        office.submit(&office.manager, &with(form("Ada King", "1"), "for", "firm")).expect(201).text("id");
    office.approve(&office.reviewer, &file).expect(200);
    let told = |office: &Office, kind: &str| {
        let is =
            |e: &&Event| matches!(e, Event::NoticeRaised(n) if serde_json::to_value(n.kind).unwrap() == kind);
        office.world.events(Topic::Admin).iter().filter(is).count()
    };
    let runs = |office: &Office| {
        let is =
            |e: &&Event| matches!(e, Event::JobFinished(e) if e.job == assay_trading_types::Job::KycExpiry);
        office.world.events(Topic::Admin).iter().filter(is).count()
    };
    let pass_days = |office: &Office, days: i64| {
        let before = runs(office);
        office.world.pass_s(days * DAY_S);
        wait_until("the job runs", || runs(office) > before);
    };
    for (days, expiring) in [(690, 0), (11, 1), (1, 1), (21, 2), (1, 2)] {
        pass_days(&office, days);
        assert_eq!(told(&office, "kyc_expiring"), expiring, "after {days} more");
    }
    assert_eq!(office.gates(), [KycStatus::Verified]);
    pass_days(&office, 7);
    assert_eq!((told(&office, "kyc_expired"), told(&office, "kyc_expiring")), (1, 2));
    assert_eq!(office.gates(), [KycStatus::Verified, KycStatus::Expired]);
    pass_days(&office, 1);
    assert_eq!(told(&office, "kyc_expired"), 1, "once");
    assert_eq!(office.gates().len(), 2);
}

/// A firm whose file ran out half an hour ago, unnoticed by the job, and whose newer one is approved: both files.
fn renewed() -> (Office, KycFileId, KycFileId) {
    let office = office();
    let form = with(with(form("Ada King", "1"), "for", "firm"), "document_expires", "2026-11-22");
    let old = office.submit(&office.manager, &form).expect(201).text("id");
    office.approve(&office.reviewer, &old).expect(200);
    office.pass_to_expiry(17 * HOUR_S);
    office.world.pass_s(22 * HOUR_S);
    let submission = office.world.events(Topic::Admin).into_iter().find_map(|event| match event {
        Event::KycRequested(KycRequested { action: KycAction::Submit(submission), .. }) => Some(submission),
        _ => None,
    });
    let new = KycFileId::new(&format!("kyc_{}", "f".repeat(32))).unwrap();
    let submission = KycSubmission { file: new, document_expires: None, ..submission.unwrap() };
    office.done("mia", KycAction::Submit(submission));
    office.done("kira", KycAction::Approve { file: new, reason: "seen".to_owned() });
    (office, KycFileId::new(&old).unwrap(), new)
}

#[test]
fn a_file_that_a_newer_one_replaced_runs_out_and_its_firm_goes_on_trading() {
    let (office, old, new) = renewed();
    office.pass_to_expiry(2 * HOUR_S);
    let statuses = (office.file_status(old), office.file_status(new));
    assert_eq!(statuses, (KycFileStatus::Expired, KycFileStatus::Approved));
    assert_eq!(office.gates(), [KycStatus::Verified, KycStatus::Verified]);
    let is_told =
        |e: &Event| matches!(e, Event::NoticeRaised(notice) if notice.kind == NoticeKind::KycExpired);
    assert!(!office.world.events(Topic::Admin).iter().any(is_told), "nothing ended for its owner");
    // The newer one is the last: with it the standing goes.
    office.pass_to_expiry(731 * DAY_S);
    assert_eq!(office.gates(), [KycStatus::Verified, KycStatus::Verified, KycStatus::Expired]);
}

#[test]
fn a_replaced_file_is_revoked_without_harm_and_the_one_in_force_is_not() {
    let (office, old, new) = renewed();
    let revoke = |file| {
        let (code, reason) = (KycRejection::Other, "a finding".to_owned());
        office.done("carl", KycAction::Revoke { file, code, reason });
    };
    revoke(old);
    assert_eq!(office.file_status(old), KycFileStatus::Rejected);
    assert_eq!(office.gates(), [KycStatus::Verified, KycStatus::Verified]);
    revoke(new);
    assert_eq!(office.gates(), [KycStatus::Verified, KycStatus::Verified, KycStatus::Rejected]);
}

#[test]
fn a_file_is_erased_by_two_after_its_time_and_nobody_can_read_it_then() {
    let office = office_with(KycConfig { retention_days: 0, ..KycConfig::default() });
    let Office { world, reviewer, compliance: [carl, cora], trader, .. } = &office;
    let file = office.submitted(trader);
    let why = json!({"reason": "the client asked"});
    office.act(carl, &file, "erase", why.clone()).problem(409, "conflict");
    office.act(reviewer, &file, "reject", json!({"code": "other", "reason": "left"})).expect(200);
    office.act(reviewer, &file, "erase", why.clone()).problem(403, "forbidden");
    let proposed = office.act(carl, &file, "erase", why).expect(202);
    assert!(office.files_kept() > 0);
    office.judge(carl, &proposed).problem(403, "segregation");
    office.judge(cora, &proposed).expect(200);
    wait_until("its key is destroyed", || {
        world.get(carl, &format!("/api/v1/kyc/{file}")).expect(200).body["status"] == "erased"
    });
    assert_eq!(office.files_kept(), 0);
    let seen = world.get(carl, &format!("/api/v1/kyc/{file}")).expect(200);
    assert_eq!((&seen.body["personal"], &seen.body["images"]), (&Value::Null, &json!([])));
    world.get(carl, &format!("/api/v1/kyc/{file}/files/front")).problem(404, "not-found");
    let is_noted =
        |e: &Event| matches!(e, Event::KycRequested(e) if matches!(e.action, KycAction::NoteErased { .. }));
    assert_eq!(
        world.events(Topic::Admin).iter().filter(|e| is_noted(e)).count(),
        1,
        "the erasure stands in the record"
    );
}

#[test]
fn an_expired_file_is_kept_its_time_from_when_it_last_counted() {
    let office = office();
    let file = KycFileId::new(&office.submitted(&office.trader)).unwrap();
    office.approve(&office.reviewer, file.as_str()).expect(200);
    office.pass_to_expiry(730 * DAY_S);
    assert_eq!(office.file_status(file), KycFileStatus::Expired);
    let kept_until_s = {
        let state = office.world.api.state();
        state.kyc.file(&file).unwrap().expires.as_ns() / 1_000_000_000 + 30 * DAY_S
    };
    let erase = || {
        let (reason, retention_days) = ("its time is over".to_owned(), 30);
        office.decision("carl", KycAction::Erase { file, reason, retention_days })
    };
    office.world.pass_s(kept_until_s - 1 - office.world.now_s());
    assert!(matches!(erase(), Decision::Refused { .. }), "a second before");
    office.world.pass_s(1);
    assert!(matches!(erase(), Decision::Proposed { .. }));
}

#[test]
fn a_file_that_must_still_be_kept_is_not_erased() {
    let office = office();
    let file = office.submitted(&office.trader);
    office.act(&office.reviewer, &file, "reject", json!({"code": "other", "reason": "left"})).expect(200);
    office.act(&office.compliance[0], &file, "erase", json!({"reason": "x"})).problem(409, "conflict");
}

fn word(world: &World, secret: &str, at_s: i64, body: &Value) -> Reply {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at_s}.{body}").as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let call = Call::new("POST", "/api/v1/kyc/provider/callback").json(body);
    world.send(call.header("assay-signature", &format!("t={at_s},v1={signature}")))
}

#[test]
fn a_providers_word_is_signed_counted_once_and_decides_nothing() {
    let office = office();
    let Office { world, reviewer, trader, .. } = &office;
    let file = office.submitted(trader);
    let body = json!({"event": "evt-1", "file": file, "verdict": "suspect", "reference": "check-1"});
    let now = world.now_s();
    let before = world.text(Topic::Admin).len();
    word(world, "another", now, &body).problem(401, "unauthenticated");
    word(world, SECRET, now - 301, &body).problem(401, "unauthenticated");
    word(world, SECRET, now + 301, &body).problem(401, "unauthenticated");
    world.public("/api/v1/kyc/provider/callback", body.clone()).problem(401, "unauthenticated");
    word(world, SECRET, now, &json!({"event": "evt-1"})).problem(400, "invalid");
    assert_eq!(world.text(Topic::Admin).len(), before, "nothing changes");
    word(world, SECRET, now, &body).expect(204);
    word(world, SECRET, now, &body).expect(204);
    let seen = world.get(reviewer, &format!("/api/v1/kyc/{file}")).expect(200).body;
    assert_eq!(seen["review"]["advice"].as_array().unwrap().len(), 1);
    assert_eq!((&seen["status"], &seen["review"]["risk"]), (&json!("pending"), &json!("high")));
    assert_eq!(office.notices(reviewer).iter().filter(|kind| *kind == "kyc_doubted").count(), 1);
}

#[test]
fn without_a_shared_secret_no_providers_word_is_taken() {
    let office = office_with(KycConfig::default());
    let body = json!({"event": "evt-1", "file": "kyc_1", "verdict": "clear", "reference": "r"});
    word(&office.world, "", office.world.now_s(), &body).problem(401, "unauthenticated");
}

#[test]
fn identity_files_survive_a_restart() {
    let office = office();
    let file = office.submitted(&office.trader);
    office.approve(&office.reviewer, &file).expect(200);
    let trader = office.trader;
    let world = office.world.restarted();
    let own = world.get(&trader, &format!("/api/v1/kyc/{file}")).expect(200);
    assert_eq!(
        (own.text("status"), own.body["personal"]["full_name"].clone()),
        ("approved".to_owned(), json!("Ada King"))
    );
}

/// As a provider behind a directory answers.
fn answered(dir: &std::path::Path, name: &str, secret: &str, at_s: i64, body: &Value) {
    let (answers, body) = (dir.join("answers"), body.to_string());
    std::fs::create_dir_all(&answers).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at_s}.{body}").as_bytes());
    let signature = format!("t={at_s},v1={}\n", hex::encode(mac.finalize().into_bytes()));
    std::fs::write(answers.join(format!("{name}.json")), body).unwrap();
    std::fs::write(answers.join(format!("{name}.sig.partial")), signature).unwrap();
    std::fs::rename(answers.join(format!("{name}.sig.partial")), answers.join(format!("{name}.sig")))
        .unwrap();
}

#[test]
fn a_provider_is_asked_through_its_directory_heard_there_and_told_no_longer_than_needed() {
    let dir = tempfile::tempdir().unwrap();
    let kyc = KycConfig {
        provider_dir: Some(dir.path().to_owned()),
        provider_secret: Some(Zeroizing::new(SECRET.to_owned())),
        ..KycConfig::default()
    };
    let office = office_with(kyc);
    let Office { world, reviewer, trader, .. } = &office;
    let file = office.submitted(trader);
    let request = dir.path().join("requests").join(&file);
    let asked = || {
        let is = |e: &&Event| matches!(e, Event::KycRequested(e) if matches!(e.action, KycAction::NoteAsked { .. }));
        world.events(Topic::Admin).iter().filter(is).count()
    };
    wait_until("it is asked", || request.join("request.json").is_file() && asked() == 1);
    let text = std::fs::read_to_string(request.join("request.json")).unwrap();
    let check: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&check["file"], &check["document"], &check["personal"]["full_name"]),
        (&json!(file), &json!("passport"), &json!("Ada King"))
    );
    assert_eq!(check["pictures"], json!(["front.jpeg", "selfie.jpeg", "proof_of_address.pdf"]));
    assert!(std::fs::read(request.join("proof_of_address.pdf")).unwrap().starts_with(b"%PDF"));
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(request.join("front.jpeg")).unwrap());
    assert_eq!(mode & 0o077, 0, "nobody else reads it");

    let word =
        |event: &str| json!({"event": event, "file": file, "verdict": "clear", "reference": "check-1"});
    let advice = || {
        let seen = world.get(reviewer, &format!("/api/v1/kyc/{file}")).expect(200).body;
        seen["review"]["advice"].as_array().unwrap().len()
    };
    answered(dir.path(), "forged", "another", world.now_s(), &word("evt-1"));
    wait_until("it is refused", || dir.path().join("answers/refused/forged.json").is_file());
    answered(dir.path(), "good", SECRET, world.now_s() - 100_000, &word("evt-2"));
    wait_until("it is taken, however old", || dir.path().join("answers/taken/good.json").is_file());
    wait_until("it is advice", || advice() == 1);
    answered(dir.path(), "again", SECRET, world.now_s(), &word("evt-2"));
    wait_until("it is taken", || dir.path().join("answers/taken/again.json").is_file());
    assert_eq!(office.status(trader)["status"], "pending", "people decide");
    office.approve(reviewer, &file).expect(200);
    wait_until("what is decided is nobody's business any more", || !request.exists());
    assert_eq!((advice(), asked()), (1, 1), "counted once");
}
