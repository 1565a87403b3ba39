//! Who may do what, over every route; what takes two; whose things are whose.

mod support;

use assay_admin_api::{Access, Operation};
use assay_trading_types::{Event, Topic, UserRole};
use serde_json::{Value, json};
use support::{Call, PASSWORD, World};

fn name(role: UserRole) -> String {
    serde_json::to_value(role).unwrap().as_str().unwrap().to_owned()
}

/// Two administrators, who can check each other.
fn administrators(world: &World) -> (String, String) {
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    (first, second)
}

#[test]
fn every_operation_with_every_role_answers_as_the_table_says() {
    let world = World::new().with_books();
    let (first, second) = administrators(&world);
    let mut callers: Vec<(Option<UserRole>, String)> = UserRole::ALL
        .into_iter()
        .map(|role| {
            let firm = role.is_firms().then_some("FIRM1");
            let user = name(role).replace('_', ".");
            (Some(role), world.member(&first, Some(&second), &user, &[&name(role)], firm))
        })
        .collect();
    let body = json!({"email": "none@venue.example", "username": "none", "password": PASSWORD, "password_confirmation": PASSWORD});
    world.public("/api/v1/auth/register", body).expect(201);
    world
        .public("/api/v1/auth/confirm-email", json!({"token": world.link("none@venue.example")}))
        .expect(204);
    callers.push((None, world.log_in("none@venue.example")));
    // These two would end the login that the others need.
    let ending = [Operation::LogOut, Operation::EndLogins];
    for op in Operation::ALL.iter().filter(|op| !ending.contains(op)) {
        let path = op.path().replace("{id}", "none").replace("{proposal}", "none");
        let call = || {
            let call = Call::new(op.method().as_str(), &path);
            if op.is_write() { call.json(&json!({})) } else { call }
        };
        let anonymous = world.send(call()).status;
        match op.access() {
            Access::Public => assert_ne!(anonymous, 403, "{}", op.name()),
            _ => assert_eq!(anonymous, 401, "{} without login", op.name()),
        }
        for (role, token) in &callers {
            let reply = world.send(call().by(token));
            let forbidden = reply.status == 403 && reply.text("type").ends_with(":forbidden");
            let allowed = op.access().scope_of(role.as_ref()).is_some();
            assert_eq!(!forbidden, allowed, "{} as {role:?}: {reply:?}", op.name());
            assert!(reply.status < 500, "{} as {role:?}: {reply:?}", op.name());
            assert!(
                op.access() == Access::Public || reply.status != 401,
                "{} as {role:?}: {reply:?}",
                op.name()
            );
        }
    }
}

#[test]
fn every_route_of_the_document_is_in_the_table_and_the_other_way_round() {
    let document = serde_json::to_value(assay_admin_api::document()).unwrap();
    let mut served: Vec<(String, String, String)> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, op) in item.as_object().unwrap() {
            served.push((
                path.clone(),
                method.to_uppercase(),
                op["operationId"].as_str().unwrap().to_owned(),
            ));
        }
    }
    let mut table: Vec<_> = Operation::ALL
        .iter()
        .map(|op| (op.path().to_owned(), op.method().to_string(), op.name().to_owned()))
        .collect();
    served.sort();
    table.sort();
    assert_eq!(served, table);
}

#[test]
fn a_privilege_takes_two_persons_and_the_maker_is_never_the_checker() {
    let world = World::new();
    let (first, second) = administrators(&world);
    let trader = world.member(&first, None, "tim", &["trader"], Some("FIRM1"));
    let id = world.get(&trader, "/api/v1/auth/me").expect(200).text("id");
    let roles = json!({"roles": ["risk"], "firm": null, "reason": "moves to risk"});
    let proposed = world.write(&first, "PUT", &format!("/api/v1/users/{id}/roles"), roles).expect(202);
    let path = format!("/api/v1/proposals/{}", proposed.text("proposal"));
    assert_eq!(proposed.headers["location"], path.as_str());
    let reason = json!({"reason": "checked"});
    world.write(&first, "POST", &format!("{path}/approve"), reason.clone()).problem(403, "segregation");
    world.write(&first, "POST", &format!("{path}/reject"), reason.clone()).problem(403, "segregation");
    world.write(&second, "POST", &format!("{path}/withdraw"), reason.clone()).problem(404, "not-found");
    world.write(&second, "POST", &format!("{path}/approve"), json!({"reason": " "})).problem(400, "invalid");
    assert_eq!(
        world.get(&first, &format!("/api/v1/users/{id}")).expect(200).body["roles"],
        json!(["trader"])
    );
    world.write(&second, "POST", &format!("{path}/approve"), reason.clone()).expect(200);
    assert_eq!(world.get(&first, &format!("/api/v1/users/{id}")).expect(200).body["roles"], json!(["risk"]));
    world.write(&second, "POST", &format!("{path}/approve"), reason).problem(409, "conflict");
    let proposal = world.get(&second, &path).expect(200);
    assert_eq!(
        (proposal.text("status"), proposal.text("reason")),
        ("approved".to_owned(), "checked".to_owned())
    );
    assert_ne!(proposal.text("maker"), proposal.text("checker"));
    world.get(&trader, "/api/v1/auth/me").problem(401, "unauthenticated");
    let open = world.get(&first, "/api/v1/proposals?status=open").expect(200);
    assert_eq!(open.body["items"], json!([]));
}

#[test]
fn a_proposal_that_no_longer_fits_changes_nothing_when_it_is_approved() {
    let world = World::new();
    let (first, second) = administrators(&world);
    let trader = world.member(&first, None, "tim", &["trader"], Some("FIRM1"));
    let id = world.get(&trader, "/api/v1/auth/me").expect(200).text("id");
    let user = format!("/api/v1/users/{id}");
    let roles = json!({"roles": ["risk"], "firm": null, "reason": "moves to risk"});
    let etag = world.get(&first, &user).headers["etag"].to_str().unwrap().to_owned();
    let call = Call::new("PUT", &format!("{user}/roles")).by(&first).json(&roles).header("if-match", &etag);
    let proposal = world.send(call).expect(202).text("proposal");
    world.write(&second, "POST", &format!("{user}/deactivate"), json!({"reason": "left"})).expect(200);
    let approve = format!("/api/v1/proposals/{proposal}/approve");
    world.write(&second, "POST", &approve, json!({"reason": "checked"})).problem(412, "version");
    assert_eq!(world.get(&first, &user).expect(200).body["roles"], json!(["trader"]));
}

#[test]
fn nobody_changes_their_own_rights_and_an_administrator_stays() {
    let world = World::new();
    let first = world.administrator();
    let id = world.get(&first, "/api/v1/auth/me").expect(200).text("id");
    let roles = json!({"roles": ["admin", "risk"], "firm": null, "reason": "mine"});
    world.write(&first, "PUT", &format!("/api/v1/users/{id}/roles"), roles).problem(403, "segregation");
    world
        .write(&first, "POST", &format!("/api/v1/users/{id}/deactivate"), json!({"reason": "x"}))
        .problem(403, "segregation");
    // One administrator alone appoints the second: there is nobody who could check it.
    let second = world.member(&first, None, "second", &["admin"], None);
    let third = json!({"email": "third@venue.example", "username": "third", "roles": ["risk"]});
    world.write(&first, "POST", "/api/v1/users", third).expect(202);
    // Nor does the second remove the first alone.
    world
        .write(&second, "POST", &format!("/api/v1/users/{id}/deactivate"), json!({"reason": "left"}))
        .expect(202);
    world.get(&first, "/api/v1/auth/me").expect(200);
}

#[test]
fn no_administrator_removes_another_alone_and_then_decides_alone() {
    let world = World::new();
    let (first, second) = administrators(&world);
    let third = world.member(&first, Some(&second), "third", &["admin"], None);
    let id = |token: &str| world.get(token, "/api/v1/auth/me").expect(200).text("id");
    let (id_second, id_third) = (id(&second), id(&third));
    let user = format!("/api/v1/users/{id_second}");
    let deactivate = || world.write(&first, "POST", &format!("{user}/deactivate"), json!({"reason": "left"}));
    let demoted = json!({"roles": ["auditor"], "firm": null, "reason": "moves"});
    let proposed = deactivate().expect(202);
    world.write(&first, "PUT", &format!("{user}/roles"), demoted.clone()).expect(202);
    let staff = json!({"email": "risk@venue.example", "username": "risky", "roles": ["risk"]});
    world.write(&first, "POST", "/api/v1/users", staff).expect(202);
    // A stolen one is stopped by one person, at once.
    world.send(Call::new("DELETE", &format!("{user}/logins")).by(&first)).expect(204);
    world.get(&second, "/api/v1/auth/me").problem(401, "unauthenticated");
    let path = format!("/api/v1/proposals/{}/approve", proposed.text("proposal"));
    world.write(&first, "POST", &path, json!({"reason": "mine"})).problem(403, "segregation");
    world.write(&third, "POST", &path, json!({"reason": "checked"})).expect(200);
    assert_eq!(world.get(&first, &user).expect(200).body["active"], false);
    // One that keeps the role is changed as before; one that loses it is not.
    let kept = json!({"roles": ["admin"], "firm": null, "reason": "as it was"});
    let third_roles = format!("/api/v1/users/{id_third}/roles");
    world.write(&first, "PUT", &third_roles, kept).expect(200);
    world.write(&first, "PUT", &third_roles, demoted).expect(202);
}

#[test]
fn roles_of_staff_and_of_firms_do_not_mix() {
    let world = World::new();
    let admin = world.administrator();
    world.opens("FIRM1");
    for (roles, firm, faults) in [
        (json!(["trader"]), json!(null), "roles"),
        (json!(["auditor"]), json!("FIRM1"), "roles"),
        (json!(["trader", "auditor"]), json!("FIRM1"), "roles"),
        (json!([]), json!(null), "roles"),
        (json!(["emperor"]), json!(null), "roles[0]"),
        (json!(["trader"]), json!("FIRM 1"), "firm"),
        (json!(["trader"]), json!("FIRM9"), "firm"),
    ] {
        let body = json!({"email": "x@venue.example", "username": "xavier", "roles": roles, "firm": firm});
        let reply = world.write(&admin, "POST", "/api/v1/users", body).problem(400, "invalid");
        assert_eq!(reply.faults(), [faults]);
    }
    assert_eq!(world.api.state().identity.users().count(), 1);
}

#[test]
fn a_firms_administrator_knows_and_changes_its_own_firm_only() {
    let world = World::new();
    let (first, second) = administrators(&world);
    let boss = world.member(&first, Some(&second), "boss", &["firm_admin"], Some("FIRM1"));
    let own = world.member(&boss, None, "own", &["trader"], Some("FIRM1"));
    let foreign = world.member(&first, None, "foreign", &["trader"], Some("FIRM2"));
    let id = |token: &str| world.get(token, "/api/v1/auth/me").expect(200).text("id");
    let (own, foreign, admin) = (id(&own), id(&foreign), id(&first));
    let listed = world.get(&boss, "/api/v1/users").expect(200);
    let firms: Vec<&Value> = listed.body["items"].as_array().unwrap().iter().map(|u| &u["firm"]).collect();
    assert_eq!(firms, [&json!("FIRM1"), &json!("FIRM1")]);
    assert_eq!(world.get(&boss, "/api/v1/users?firm=FIRM2").expect(200).body["items"], json!([]));
    world.get(&boss, &format!("/api/v1/users/{own}")).expect(200);
    for other in [&foreign, &admin] {
        world.get(&boss, &format!("/api/v1/users/{other}")).problem(404, "not-found");
        let roles = json!({"roles": ["viewer"], "firm": "FIRM1", "reason": "mine"});
        world.write(&boss, "PUT", &format!("/api/v1/users/{other}/roles"), roles).problem(404, "not-found");
        world
            .write(&boss, "POST", &format!("/api/v1/users/{other}/deactivate"), json!({"reason": "x"}))
            .problem(404, "not-found");
        world
            .send(Call::new("DELETE", &format!("/api/v1/users/{other}/logins")).by(&boss))
            .problem(404, "not-found");
    }
    for (roles, firm) in [(json!(["risk"]), json!(null)), (json!(["trader"]), json!("FIRM2"))] {
        let body = json!({"email": "x@venue.example", "username": "xavier", "roles": roles, "firm": firm});
        world.write(&boss, "POST", "/api/v1/users", body).problem(403, "forbidden");
    }
    let roles = json!({"roles": ["viewer"], "firm": "FIRM1", "reason": "less"});
    world.write(&boss, "PUT", &format!("/api/v1/users/{own}/roles"), roles).expect(200);
    let moves = |firm: &str| {
        let body = json!({"roles": ["viewer"], "firm": firm, "reason": "moved"});
        world.write(&first, "PUT", &format!("/api/v1/users/{own}/roles"), body)
    };
    assert_eq!(moves("FIRM9").problem(400, "invalid").faults(), ["firm"], "there is no such firm");
    moves("FIRM2").expect(200);
}

#[test]
fn the_access_review_shows_what_the_table_gives() {
    let world = World::new();
    let (first, second) = administrators(&world);
    let auditor = world.member(&first, Some(&second), "otto", &["auditor"], None);
    let review = world.get(&auditor, "/api/v1/reports/access-review").expect(200);
    let rows = review.body["items"].as_array().unwrap();
    let row = rows.iter().find(|r| r["user"]["username"] == "otto").unwrap();
    assert_eq!(row["operations"]["list_users"], "all");
    assert_eq!(row["operations"].get("invite_user"), None);
    assert_eq!(row["second_factor_missing"], false);
    assert_eq!(row["live_logins"], 1);
}

#[test]
fn a_users_list_is_paged_searched_and_filtered() {
    let world = World::new();
    let admin = world.administrator();
    for n in 0..5 {
        world.member(&admin, None, &format!("trader{n}"), &["trader"], Some("FIRM1"));
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = world.get(&admin, &format!("/api/v1/users?limit=2&sort=-id{after}")).expect(200);
        let items = page.body["items"].as_array().unwrap().clone();
        seen.extend(items.iter().map(|u| u["username"].as_str().unwrap().to_owned()));
        match page.body["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["trader4", "trader3", "trader2", "trader1", "trader0", "administrator"]);
    let count = |query: &str| {
        world.get(&admin, &format!("/api/v1/users?{query}")).expect(200).body["items"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((count("search=TRADER3"), count("role=trader"), count("active=false")), (1, 5, 0));
    for bad in
        ["limit=0", "limit=101", "limit=-1", "limit=x", "after=x", "sort=name", "role=emperor", "nonsense=1"]
    {
        world.get(&admin, &format!("/api/v1/users?{bad}")).problem(400, "invalid");
    }
}

#[test]
fn what_was_decided_stands_in_the_log_with_who_asked() {
    let world = World::new();
    let (first, _) = administrators(&world);
    world.opens("FIRM1");
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let body = json!({"email": "tim@venue.example", "username": "tim", "roles": ["trader"], "firm": "FIRM1"});
    let call = Call::new("POST", "/api/v1/users")
        .by(&first)
        .json(&body)
        .header("traceparent", &format!("00-{trace}-b7ad6b7169203331-01"));
    let receipt = world.send(call).expect(201);
    let by = world.get(&first, "/api/v1/auth/me").expect(200).text("id");
    let decided = world.events(Topic::Admin).into_iter().find_map(|event| match event {
        Event::CommandDecided(e) if e.command.as_str() == receipt.text("command") => Some(e),
        _ => None,
    });
    assert_eq!(decided.unwrap().by.unwrap().as_str(), by);
    let traces = world.traces(Topic::Admin);
    assert_eq!(traces.iter().filter(|t| *t == trace).count(), 3, "command, decision and mail: {traces:?}");
}
