use super::*;

const EXAMPLE: &str = include_str!("../../../docs/example.toml");

fn load(text: &str) -> Result<Config, String> {
    load_with(text, Overrides::default())
}

fn load_with(text: &str, overrides: Overrides) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("assay.toml");
    std::fs::write(&file, text).unwrap();
    Config::load(&file, &overrides)
        .map_err(|e| e.to_string().replace(&format!("{}/", dir.path().display()), ""))
}

#[test]
fn the_example_loads() {
    let config = load(EXAMPLE).unwrap();
    assert_eq!(config.sessions.len(), 2);
    assert_eq!(config.firms[0].limits.order_qty, Some(Qty::parse("100000").unwrap()));
    assert_eq!(config.firms[0].accounts()[0].as_str(), "FIRM1");
    assert_eq!(config.instruments[0].lot_size, Qty::parse("1").unwrap());
}

#[test]
fn the_configuration_of_the_compose_file_loads() {
    let text = include_str!("../../../deploy/compose/assay.toml");
    let config = load(text).unwrap();
    assert!(config.roles.is_some());
    assert_eq!(config.log.kind, LogKind::Kafka);
}

#[test]
fn every_fault_names_file_line_and_mend() {
    let firm = "[[firm]]\nid = \"F\"\n";
    let table: &[(&str, &str)] = &[
        ("[gateway]\nlisten = \"nowhere\"\n", "assay.toml:2: "),
        ("[gateway]\nlistn = \"127.0.0.1:1\"\n", "assay.toml:2: unknown field `listn`"),
        ("nonsense = 1\n", "assay.toml:1: unknown field `nonsense`"),
        ("[gateway\n", "assay.toml:1: "),
        ("[[session]]\ncomp_id = \"C\"\nfirm = \"NONE\"\n", "assay.toml:3: no [[firm]] has id = \"NONE\""),
        ("[[session]]\nfirm = \"F\"\n", "assay.toml:1: missing field `comp_id`"),
        (
            "[[firm]]\nid = \"F\"\n[[session]]\ncomp_id = \"C\"\nfirm = \"F\"\nheartbeat_s = 0\n",
            "assay.toml:6: heartbeat_s = 0 is out of range, use 1 to 300",
        ),
        (
            "[[firm]]\nid = \"F\"\n[[session]]\ncomp_id = \"C\"\nfirm = \"F\"\n[session.rules]\nresend_timeout_s = 0\n",
            "assay.toml:6: resend_timeout_s is out of range, use 1 to 86400",
        ),
        ("[[firm]]\nid = \"F\"\n[[firm]]\nid = \"F\"\n", "assay.toml:4: firm \"F\" stands twice"),
        ("[[firm]]\nid = \"F\"\ncash = { USD = \"-1\" }\n", "assay.toml:3: USD = \"-1\" is negative"),
        ("[[firm]]\nid = \"F\"\ncash = { USD = 5.5 }\n", "assay.toml:3: "),
        (
            "[[instrument]]\nsymbol = \"A\"\ncurrency = \"USD\"\ntick_size = \"0\"\n",
            "assay.toml:4: price 0 must be above zero",
        ),
        (
            "[[instrument]]\nsymbol = \"A\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\nlot_size = -1\n",
            "assay.toml:5: quantity -1 must be above zero",
        ),
        (
            "[[instrument]]\nsymbol = \"A\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\nreference_price = \"1.001\"\n",
            "assay.toml:5: reference_price 1.001 is not a multiple",
        ),
        (
            "[[instrument]]\nsymbol = \"A\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\nsecurity_type = \"STOCK\"\n",
            "assay.toml:5: security_type \"STOCK\" is no SecurityType(167)",
        ),
        (
            "[[instrument]]\nsymbol = \"A\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\nexchange = \"NASDAQ\"\n",
            "assay.toml:5: ",
        ),
        (
            "[[firm]]\nid = \"F\"\n[[session]]\ncomp_id = \"C\"\nfirm = \"F\"\n[session.schedule]\nzone = \"Mars\"\n",
            "assay.toml:6: zone \"Mars\" is not known",
        ),
        ("[gateway]\nlisten = \"0.0.0.0:1\"\n", "assay.toml:2: 0.0.0.0:1 is not a loopback address"),
        (
            "[gateway]\n[gateway.tls]\ncertificates = []\nmin_version = \"1.1\"\n",
            "assay.toml:4: unknown variant `1.1`",
        ),
        (
            "[[gateway.listener]]\nlisten = \"0.0.0.0:1\"\n",
            "assay.toml:2: 0.0.0.0:1 is not a loopback address",
        ),
        (
            "[[firm]]\nid = \"F\"\n[[session]]\ncomp_id = \"C\"\nfirm = \"F\"\naddresses = [\"10.0.0.1/8\"]\n",
            "assay.toml:6: `10.0.0.1/8` does not begin at its base",
        ),
        (
            "[[firm]]\nid = \"F\"\n[[session]]\ncomp_id = \"C\"\nfirm = \"F\"\n[[session.key]]\nid = \"k\"\nscheme = \"ed25519\"\n",
            "assay.toml:7: key \"k\" takes public_key for its scheme, and nothing else",
        ),
        (
            "[[firm]]\nid = \"F\"\n[[session]]\ncomp_id = \"C\"\nfirm = \"F\"\n[[session.key]]\nid = \"k\"\nscheme = \"ed25519\"\nvalid_until = \"soon\"\n",
            "assay.toml:9: `soon` is no moment",
        ),
        (
            "[[firm]]\nid = \"F\"\n[[session]]\ncomp_id = \"C\"\nfirm = \"F\"\ncancel_on_disconnect = { on = \"any\", grace_s = 61 }\n",
            "assay.toml:6: grace_s = 61 is out of range, use 0 to 60",
        ),
        (
            "[[firm]]\nid = \"F\"\n[[session]]\ncomp_id = \"C\"\nfirm = \"F\"\ncancel_on_disconnect = { drop_copy = \"D\" }\n",
            "assay.toml:6: \"D\" is no drop copy session of firm F",
        ),
        (
            "[[price_source]]\nname = \"v\"\nkind = \"file\"\n",
            "assay.toml:1: price source \"v\" needs a path",
        ),
        (
            "[[price_source]]\nname = \"v\"\nkind = \"market\"\nstale_after_s = 0\n",
            "assay.toml:4: stale_after_s must be above zero",
        ),
        (
            "[[instrument]]\nsymbol = \"A\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\nreference_max_age_s = 1\nprice_sources = [\"v\"]\n",
            "assay.toml:6: price source v is not defined",
        ),
        (
            "[[price_source]]\nname = \"v\"\nkind = \"market\"\n[[instrument]]\nsymbol = \"A\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\nprice_sources = [\"v\"]\n",
            "assay.toml:8: an instrument with price_sources needs reference_max_age_s",
        ),
        ("[log]\nkind = \"kafka\"\n", "assay.toml:2: kind = \"kafka\" needs [log.kafka]"),
        ("[log.kafka]\nbrokers = \"b:1,\"\n", "assay.toml:2: brokers are host:port"),
        ("[log.kafka]\nbrokers = \"b:1\"\nprefix = \"a b\"\n", "assay.toml:3: prefix = \"a b\" begins no"),
        (
            "[log.kafka]\nbrokers = \"b:1\"\nmin_insync_replicas = 4\n",
            "assay.toml:3: min_insync_replicas = 4 is not from 1 to replication = 3",
        ),
        ("[log.kafka]\nbrokers = \"b:1\"\nuser = \"me\"\n", "assay.toml:3: user goes with password_file"),
        (
            "[log.kafka]\nbrokers = \"b:1\"\nmechanism = \"plain\"\n",
            "assay.toml:3: mechanism = \"plain\" shows the password",
        ),
        ("[log.kafka]\nbrokers = \"b:1\"\nopen_timeout_s = 0\n", "assay.toml:3: open_timeout_s = 0 is out"),
        (
            "[[firm]]\nid = \"F\"\nlimits = { short_margin_percent = 99 }\n",
            "assay.toml:3: short_margin_percent = 99 is not from 100 to 1000 percent of what a short sale brought",
        ),
        (
            "[[firm]]\nid = \"F\"\nlimits = { short_margin_percent = 1001 }\n",
            "assay.toml:3: short_margin_percent = 1001 is not from 100 to 1000",
        ),
        ("[[firm]]\nid = \"F\"\nlimits = { credit = \"-1\" }\n", "assay.toml:3: credit is not above zero"),
        (
            "[[firm]]\nid = \"F\"\naccount_limits = { F = { orders_per_s = 0 } }\n",
            "assay.toml:3: orders_per_s is not above zero",
        ),
        ("[gateway]\ncomp_id = \"API\"\n", "assay.toml:2: comp_id \"API\" stands for orders over the API"),
        (
            "[[firm]]\nid = \"F\"\naccount_limits = { F = { warning_percent = 0 } }\n",
            "assay.toml:3: warning_percent = 0 is not from 1 to 100 percent of a limit",
        ),
        ("[log]\nkind = \"paper\"\n", "assay.toml:2: unknown variant `paper`"),
        (
            "[audit]\nstore = \"clickhouse\"\n",
            "assay.toml:2: store = \"clickhouse\" needs [audit.clickhouse]",
        ),
        ("[audit.clickhouse]\nurl = \"db:8123\"\n", "assay.toml:2: url = \"db:8123\" is no address"),
        (
            "[audit.clickhouse]\nurl = \"http://me:secret@db\"\n",
            "assay.toml:2: url holds a user or password, use user and password_file",
        ),
        (
            "[audit.clickhouse]\nurl = \"http://db\"\ndatabase = \"a;b\"\n",
            "assay.toml:3: database = \"a;b\" is no name",
        ),
        (
            "[audit.clickhouse]\nurl = \"http://db\"\nretention_years = 6\n",
            "assay.toml:3: retention_years = 6 is too short",
        ),
        (
            "[audit.clickhouse]\nurl = \"http://db\"\nrepeats = \"hope\"\n",
            "assay.toml:3: unknown variant `hope`",
        ),
    ];
    for (text, expected) in table {
        let error = load(text).unwrap_err();
        assert!(error.starts_with(expected), "{text}\n  said     {error}\n  expected {expected}");
        assert!(!error.contains('\n'), "one line: {error}");
    }
    assert!(load(firm).is_ok());
}

#[test]
fn a_session_is_throttled_by_the_rules_unless_its_firm_is_granted_more() {
    let throttle = |firm: &str, session: &str| {
        let text =
            format!("[[firm]]\nid = \"F\"\n{firm}\n[[session]]\ncomp_id = \"C\"\nfirm = \"F\"\n{session}\n");
        load(&text).unwrap().gateway_config().unwrap().sessions[0].throttle.unwrap()
    };
    let rules = fix_gateway::ThrottleLimits::default();
    assert_eq!(throttle("", ""), rules);
    assert_eq!(throttle("limits = { orders_per_s = 7 }", ""), rules, "less is for risk to refuse");
    assert_eq!(throttle("limits = { orders_per_s = 1000 }", "").burst, 2_500);
    assert_eq!(throttle("limits = { orders_per_s = 1000 }", "throttle = { per_s = 10 }").per_s, 10);
    assert_eq!(throttle("", "throttle = { burst = 9 }").burst, 9);
}

#[test]
fn environment_beats_file_and_flag_beats_environment() {
    let env = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>().into_iter()
    };
    let text = "[gateway]\nlisten = \"127.0.0.1:1\"\ncomp_id = \"FILE\"\n";
    let both = [("ASSAY_GATEWAY_LISTEN", "127.0.0.1:2"), ("ASSAY_GATEWAY_COMP_ID", "ENV"), ("HOME", "x")];
    let overrides = Overrides::new(env(&both), &["gateway.listen=127.0.0.1:3".to_owned()]).unwrap();
    let config = load_with(text, overrides).unwrap();
    assert_eq!(config.gateway.listen.port(), 3);
    assert_eq!(config.gateway.comp_id.as_str(), "ENV");

    let unknown = Overrides::new(env(&[("ASSAY_GATEWAY_LISTN", "x")]), &[]).unwrap_err().to_string();
    assert!(unknown.starts_with("ASSAY_GATEWAY_LISTN: no such key"), "{unknown}");
    let bad = Overrides::new(env(&[("ASSAY_GATEWAY_LISTEN", "x")]), &[]).unwrap();
    assert!(load_with(text, bad).unwrap_err().starts_with("ASSAY_GATEWAY_LISTEN: "));
}

#[test]
fn a_session_may_have_hours() {
    let text = concat!(
        "[[firm]]\nid = \"F\"\n[[session]]\ncomp_id = \"C\"\nfirm = \"F\"\n[session.schedule]\n",
        "zone = \"America/New_York\"\nstart = \"08:00\"\nend = \"17:00\"\ndays = [\"mon\"]\nholidays = [\"2026-12-25\"]\n",
    );
    let schedule = load(text).unwrap().sessions[0].schedule.clone().unwrap();
    // Monday, 23 November 2026, 13:00 UTC is 08:00 in New York.
    assert!(schedule.interval_at(1_795_438_800_000_000_000).is_some());
    assert!(schedule.interval_at(1_795_438_799_000_000_000).is_none());
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::load(Path::new("no/such.toml"), &Overrides::default()).unwrap_err();
    assert!(error.to_string().starts_with("cannot read no/such.toml: "));
}

#[test]
fn a_relay_for_mail_is_checked_before_anything_starts() {
    let faults: &[(&str, &str)] = &[
        ("host = \"mail.example\"\n", "assay.toml:1: missing field `from`"),
        ("host = \"mail.example\"\nfrom = \"nobody\"\n", "assay.toml:3: from is no address"),
        (
            "host = \"mail.example\"\nfrom = \"a@b.example\"\nsecurity = \"none\"\n",
            "assay.toml:2: mail in clear goes to a relay on this machine only",
        ),
        (
            "host = \"mail.example\"\nfrom = \"a@b.example\"\nuser = \"u\"\n",
            "assay.toml:4: user goes with password_file",
        ),
        ("host = \"mail.example\"\nfrom = \"a@b.example\"\nsecurity = \"ssl\"\n", "assay.toml:4: "),
    ];
    for (keys, fault) in faults {
        let said = load(&format!("[admin.smtp]\n{keys}")).unwrap_err();
        assert!(said.starts_with(fault), "{said}");
    }
    let here = "[admin.smtp]\nhost = \"127.0.0.1\"\nfrom = \"Venue <a@b.example>\"\nsecurity = \"none\"\n";
    assert!(load(here).unwrap().relay().unwrap().is_some());
    let both = load(&format!("[admin]\nmail_dir = \"mail\"\n{here}")).unwrap_err();
    assert!(both.starts_with("assay.toml:2: mail goes to mail_dir or to the relay"), "{both}");
}

#[test]
fn a_route_leads_to_venues_that_there_are() {
    let instrument = "[[instrument]]\nsymbol = \"A\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\n";
    let venue = |more: &str| {
        format!(
            "[[venue]]\nname = \"B1\"\ntarget_comp_id = \"BROKER\"\naccount = \"A-1\"\n{more}{instrument}venues = [\"B1\"]\n"
        )
    };
    let here = "hosts = [\"127.0.0.1:9000\"]\n";
    let config = load(&venue(here)).unwrap();
    assert_eq!(config.venue_configs(std::path::Path::new("")).unwrap().len(), 1);
    let table = [
        (format!("{instrument}venues = [\"B1\"]\n"), "assay.toml:5: no [[venue]] has name = \"B1\""),
        (venue("hosts = []\n"), "assay.toml:5: name at least one \"host:port\""),
        (venue("hosts = [\"broker\"]\n"), "assay.toml:5: \"broker\" is not \"host:port\""),
        (venue("hosts = [\"broker:1\"]\n"), "assay.toml:5: broker:1 is not this machine and there is no tls"),
        (venue(&format!("{here}paper = true\n")), "assay.toml:6: a venue on paper has no hosts"),
        (venue(&format!("{here}tries_max = 0\n")), "assay.toml:6: tries_max is above zero"),
        (
            venue(&format!("{here}retry_first_s = 9\nretry_max_s = 8\n")),
            "assay.toml:7: retry_max_s is not below",
        ),
        (venue(&format!("{here}tls = {{ ca = \"no.pem\" }}\n")), "assay.toml:6: "),
        (
            format!("{}{}", venue(here), venue(here).replace("\"A\"", "\"B\"")),
            "assay.toml:12: venue \"B1\" stands twice",
        ),
    ];
    for (text, wanted) in table {
        let fault = load(&text).unwrap_err();
        assert!(fault.starts_with(wanted), "{fault}\n{text}");
    }
    assert!(load(&venue("hosts = [\"broker:1\"]\ninsecure = true\n")).is_ok(), "said in so many words");
}
