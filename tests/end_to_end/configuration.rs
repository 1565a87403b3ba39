//! What the operator says wrongly is one line with the place and the mend; what he says rightly takes effect.

use crate::client::Client;
use crate::instance::{CONFIGURATION, Home, Server, assay, run};
use crate::wire::{Wire, framed, utc_now};

/// The configuration with one line changed, and that line's number.
fn changed(from: &str, to: &str) -> (String, usize) {
    let at = CONFIGURATION.find(from).unwrap_or_else(|| panic!("no {from}"));
    (
        CONFIGURATION.replacen(from, to, 1),
        CONFIGURATION[..at].lines().count().max(1) + usize::from(CONFIGURATION[..at].ends_with('\n')),
    )
}

#[test]
fn each_fault_is_one_line_with_its_place_and_exit_code_2() {
    for (from, to, says) in [
        ("comp_id = \"ASSAY\"", "comp_idd = \"ASSAY\"", "comp_idd"),
        ("comp_id = \"ASSAY\"", "comp_id = \"\"", ""),
        ("comp_id = \"CLIENT2\"", "comp_id = \"CLIENT1\"", "CLIENT1"),
        ("firm = \"FIRM3\"", "firm = \"FIRM9\"", "FIRM9"),
        ("tick_size = \"0.01\"", "tick_size = \"-1\"", "above zero"),
        ("lot_size = 1", "lot_size = \"many\"", "many"),
        ("reference_price = \"100.00\"", "reference_price = \"100.005\"", "100.005"),
        ("segment_mib = 4", "segment_mib = 0", "use 1 to 4096"),
        ("segment_mib = 4", "segment_mib = 4\nretain = 1", "retain"),
        ("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1\"", ""),
        ("listen = \"127.0.0.1:0\"", "listen = \"0.0.0.0:0\"", "insecure_listen = true"),
    ] {
        let home = Home::new();
        let (text, mut line) = changed(from, to);
        line += to.matches('\n').count();
        std::fs::write(home.config(), text).expect("writable");
        for ended in [home.refused_up(), home.check()] {
            let said = ended.assert_code(2).one_line();
            let place = format!("{}:{line}: ", home.config().display());
            assert!(said.starts_with(&place), "{to}\n  said  {said}\n  place {place}");
            assert!(said.contains(says), "{said}");
        }
        assert!(!home.data().exists(), "nothing was made");
    }
}

#[test]
fn a_missing_file_is_named() {
    let home = Home::new();
    std::fs::remove_file(home.config()).expect("it was there");
    let ended = home.refused_up();
    assert!(ended.assert_code(2).one_line().contains(&home.config().display().to_string()), "{ended:?}");
}

#[test]
fn bad_overrides_are_named() {
    let home = Home::new();
    for (env, flag, says) in [
        (Some(("ASSAY_GATEWAY_LISTN", "127.0.0.1:0")), None, "ASSAY_GATEWAY_LISTN"),
        (Some(("ASSAY_GATEWAY_LISTEN", "here")), None, "ASSAY_GATEWAY_LISTEN"),
        (None, Some("gateway.listn=127.0.0.1:0"), "gateway.listn"),
        (None, Some("log.segment_mib=lots"), "log.segment_mib"),
        (None, Some("log.segment_mib=0"), "segment_mib"),
        (None, Some("gateway"), "--set"),
    ] {
        let mut command = home.up();
        command.envs(env);
        if let Some(flag) = flag {
            command.args(["--set", flag]);
        }
        let ended = run(command);
        assert!(ended.assert_code(2).one_line().contains(says), "{ended:?}");
    }
}

#[test]
fn the_environment_beats_the_file_and_the_flag_beats_the_environment() {
    let home = Home::new();
    let mut command = home.up();
    command.env("ASSAY_GATEWAY_COMP_ID", "FROMENV");
    let server = Server::launch(command);
    assert_comp_id(&server, "FROMENV");
    server.stop();

    let mut command = home.up();
    command.env("ASSAY_GATEWAY_COMP_ID", "FROMENV").args(["--set", "gateway.comp_id=FROMFLAG"]);
    let server = Server::launch(command);
    assert_comp_id(&server, "FROMFLAG");
    server.stop();
}

#[track_caller]
fn assert_comp_id(server: &Server, comp_id: &str) {
    let mut wire = Wire::connect(server.address());
    wire.send(&framed(&format!("35=A|34=1|49=CLIENT1|52={}|56=ASSAY|98=0|108=30|", utc_now())));
    wire.assert_silent_close();
    let mut wire = Wire::connect(server.address());
    wire.send(&framed(&format!("35=A|34=1|49=CLIENT1|52={}|56={comp_id}|98=0|108=30|", utc_now())));
    wire.receive().expect("an answer").assert_has(&format!("35=A|49={comp_id}"));
}

#[test]
fn file_and_directory_may_come_from_the_environment() {
    let home = Home::new();
    let mut command = assay(&["up"]);
    command.env("ASSAY_CONFIG", home.config()).env("ASSAY_DATA_DIR", home.data());
    let server = Server::launch(command);
    Client::logged_on("CLIENT3", server.address()).assert_alive();
    assert!(home.segment().exists());
    server.stop();
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    for args in [&["up", "--nonsense"][..], &["nonsense"], &[], &["audit", "query", "--format", "xml"]] {
        run(assay(args)).assert_code(2);
    }
}
