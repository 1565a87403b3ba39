//! Published cash flows of the ACTUS reference test cases (actus.org, actusfrf/actus-tests) where their terms are ours.
//!
//! PAM is our bullet, LAM fixed principal, NAM and ANN with a given payment fixed instalments, ANN without one equal
//! instalments. The facts are theirs: terms and expected flows, principal and interest of each due date. Their figures are
//! floating point without rounding, ours are exact and rounded to nine decimals, so they agree to a millionth.

use assay_loans::{Interest, Plan, RateStep};
use assay_trading_types::loan_terms::*;
use assay_trading_types::{Amount, Date};

/// A difference of less is theirs or our rounding, in billionths.
const TOLERANCE: i128 = 1_000;

struct Case {
    name: &'static str,
    /// `PRINCIPAL at RATE DAYS from START to MATURITY every MONTHS REPAYMENT`, then exceptions.
    terms: &'static str,
    due_dates: usize,
    /// Due date, principal, interest; all of them, or some.
    flows: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "pam01",
        terms: "3000 at 0.1 act_365_fixed from 2013-01-01 to 2014-01-01 every 1 bullet",
        due_dates: 12,
        flows: "
2013-02-01 0 25.479452055
2013-03-01 0 23.01369863
2013-04-01 0 25.479452055
2013-05-01 0 24.657534247
2013-06-01 0 25.479452055
2013-07-01 0 24.657534247
2013-08-01 0 25.479452055
2013-09-01 0 25.479452055
2013-10-01 0 24.657534247
2013-11-01 0 25.479452055
2013-12-01 0 24.657534247
2014-01-01 3000 25.479452055
",
    },
    Case {
        name: "pam02",
        terms: "3000 at 0.1 act_360 from 2013-01-01 to 2014-01-01 every 2 bullet",
        due_dates: 6,
        flows: "
2013-03-01 0 49.166666667
2013-05-01 0 50.833333333
2013-07-01 0 50.833333333
2013-09-01 0 51.666666667
2013-11-01 0 50.833333333
2014-01-01 3000 50.833333333
",
    },
    Case {
        name: "pam03",
        terms: "3000 at 0.1 act_act from 2013-01-01 to 2014-01-01 every 1 bullet",
        due_dates: 12,
        flows: "
2013-02-01 0 25.479452055
2013-03-01 0 23.01369863
2013-04-01 0 25.479452055
2013-05-01 0 24.657534247
2013-06-01 0 25.479452055
2013-07-01 0 24.657534247
2013-08-01 0 25.479452055
2013-09-01 0 25.479452055
2013-10-01 0 24.657534247
2013-11-01 0 25.479452055
2013-12-01 0 24.657534247
2014-01-01 3000 25.479452055
",
    },
    Case {
        name: "pam06",
        terms: "3000 at 0.1 thirty_360 from 2013-01-31 to 2014-01-01 every 1 bullet ends long calculate modified_following",
        due_dates: 11,
        flows: "
2013-02-28 0 23.333333333
2013-03-29 0 26.666666667
2013-04-30 0 25
2013-05-31 0 25
2013-06-28 0 25
2013-07-31 0 25
2013-08-30 0 25
2013-09-30 0 25
2013-10-31 0 25
2013-11-29 0 25
2014-01-01 3000 25.833333333
",
    },
    Case {
        name: "pam07",
        terms: "3000 at 0.1 thirty_360 from 2013-01-31 to 2014-01-01 every 1 bullet ends long shift modified_following",
        due_dates: 11,
        flows: "
2013-02-28 0 23.333333333
2013-03-29 0 25.833333333
2013-04-30 0 25.833333333
2013-05-31 0 25
2013-06-28 0 23.333333333
2013-07-31 0 26.666666667
2013-08-30 0 25
2013-09-30 0 25
2013-10-31 0 25
2013-11-29 0 24.166666667
2014-01-01 3000 26.666666667
",
    },
    Case {
        name: "pam08",
        terms: "3000 at 0.1 thirty_360 from 2013-01-31 to 2014-01-01 every 1 bullet ends long calculate following",
        due_dates: 11,
        flows: "
2013-02-28 0 23.333333333
2013-04-01 0 26.666666667
2013-04-30 0 25
2013-05-31 0 25
2013-07-01 0 25
2013-07-31 0 25
2013-09-02 0 25
2013-09-30 0 25
2013-10-31 0 25
2013-12-02 0 25
2014-01-01 3000 25.833333333
",
    },
    Case {
        name: "pam09",
        terms: "3000 at 0.1 thirty_360 from 2013-01-31 to 2014-01-01 every 1 bullet ends long shift following",
        due_dates: 11,
        flows: "
2013-02-28 0 23.333333333
2013-04-01 0 27.5
2013-04-30 0 24.166666667
2013-05-31 0 25
2013-07-01 0 25.833333333
2013-07-31 0 24.166666667
2013-09-02 0 26.666666667
2013-09-30 0 23.333333333
2013-10-31 0 25
2013-12-02 0 26.666666667
2014-01-01 3000 24.166666667
",
    },
    Case {
        name: "pam10",
        terms: "3000 at 0.1 thirty_360 from 2013-01-31 to 2014-01-01 every 1 bullet ends long shift modified_preceding",
        due_dates: 11,
        flows: "
2013-02-28 0 23.333333333
2013-03-29 0 25.833333333
2013-04-30 0 25.833333333
2013-05-31 0 25
2013-06-28 0 23.333333333
2013-07-31 0 26.666666667
2013-08-30 0 25
2013-09-30 0 25
2013-10-31 0 25
2013-11-29 0 24.166666667
2014-01-01 3000 26.666666667
",
    },
    Case {
        name: "pam11",
        terms: "3000 at 0.1 thirty_360 from 2013-01-31 to 2014-01-01 every 1 bullet long shift modified_preceding",
        due_dates: 11,
        flows: "
2013-02-28 0 23.333333333
2013-03-29 0 25.833333333
2013-04-30 0 25.833333333
2013-05-31 0 25
2013-06-28 0 23.333333333
2013-07-31 0 26.666666667
2013-08-30 0 25
2013-09-30 0 25
2013-10-31 0 25
2013-11-29 0 24.166666667
2014-01-01 3000 26.666666667
",
    },
    Case {
        name: "lam06",
        terms: "50000 at 0.05 thirty_360 from 2013-01-01 to 2015-02-01 every 1 principal 2000",
        due_dates: 25,
        flows: "
2013-02-01 2000 208.333333333
2013-03-01 2000 200
2013-04-01 2000 191.666666667
2013-05-01 2000 183.333333333
2013-06-01 2000 175
2013-07-01 2000 166.666666667
2013-08-01 2000 158.333333333
2013-09-01 2000 150
2013-10-01 2000 141.666666667
2013-11-01 2000 133.333333333
2013-12-01 2000 125
2014-01-01 2000 116.666666667
2014-02-01 2000 108.333333333
2014-03-01 2000 100
2014-04-01 2000 91.666666667
2014-05-01 2000 83.333333333
2014-06-01 2000 75
2014-07-01 2000 66.666666667
2014-08-01 2000 58.333333333
2014-09-01 2000 50
2014-10-01 2000 41.666666667
2014-11-01 2000 33.333333333
2014-12-01 2000 25
2015-01-01 2000 16.666666667
2015-02-01 2000 8.333333333
",
    },
    Case {
        name: "nam01",
        terms: "5000 at 0.08 act_365_fixed from 2013-01-01 to 2013-12-01 every 1 instalment 500 then 0.110567901 on 2013-04-01 then 0.111679012 on 2013-07-01 then 0.112790123 on 2013-10-01",
        due_dates: 11,
        flows: "
2013-02-01 466.02739726 33.97260274
2013-03-01 472.175072246 27.824927754
2013-04-01 472.402033217 27.597966782
2013-05-01 467.380389575 32.619610425
2013-06-01 470.682097533 29.317902467
2013-07-01 475.90528824 24.09471176
2013-08-01 479.365922735 20.634077265
2013-09-01 483.912740534 16.087259466
2013-10-01 488.873566327 11.126433673
2013-11-01 493.071429331 6.928570669
2013-12-01 230.204063001 2.134088604
",
    },
    Case {
        name: "ann01",
        terms: "5000 at 0.08 act_365_fixed from 2013-01-01 to 2014-01-01 every 1 instalment 434.866594118",
        due_dates: 12,
        flows: "
2013-02-01 400.893991379 33.97260274
2013-03-01 406.641943545 28.224650573
2013-04-01 406.380810882 28.485783237
2013-05-01 409.971800118 24.894794
2013-06-01 411.927535471 22.939058647
2013-07-01 415.376069722 19.490524396
2013-08-01 417.548666816 17.317927302
2013-09-01 420.385709813 14.480884306
2013-10-01 423.617015123 11.249578996
2013-11-01 426.12030367 8.746290448
2013-12-01 429.204329 5.662265119
2014-01-01 431.931824462 2.934769657
",
    },
    Case {
        name: "ann02",
        terms: "100000 at 0.07 thirty_360 from 2013-01-01 to 2023-01-01 every 1 instalment 1161.084792186",
        due_dates: 120,
        flows: "
2013-02-01 577.751458853 583.333333333
2013-03-01 581.121675696 579.96311649
2013-04-01 584.511552138 576.573240048
2018-01-01 814.285065632 346.799726554
2022-11-01 1141.000578438 20.084213748
2022-12-01 1147.656415145 13.428377041
2023-01-01 1154.351077567 6.733714619
",
    },
    Case {
        name: "ann27",
        terms: "5000 at 0.08 act_act from 2013-01-01 to 2014-01-01 every 1 equal",
        due_dates: 12,
        flows: "
2013-02-01 400.893991379 33.97260274
2013-03-01 406.641943545 28.224650573
2013-04-01 406.380810882 28.485783237
2013-05-01 409.971800118 24.894794
2013-06-01 411.927535471 22.939058647
2013-07-01 415.376069722 19.490524396
2013-08-01 417.548666816 17.317927302
2013-09-01 420.385709813 14.480884306
2013-10-01 423.617015123 11.249578996
2013-11-01 426.12030367 8.746290448
2013-12-01 429.204329 5.662265119
2014-01-01 431.931824462 2.934769657
",
    },
    Case {
        name: "ann28",
        terms: "5000 at 0.08 thirty_360 from 2013-01-01 to 2013-09-01 every 1 instalment 700 ends shift following",
        due_dates: 8,
        flows: "
2013-02-01 666.666666667 33.333333333
2013-03-01 671.111111111 28.888888889
2013-04-01 675.585185185 24.414814815
2013-05-01 680.08908642 19.91091358
2013-06-03 683.59788124 16.40211876
2013-07-01 689.901644013 10.098355987
2013-08-01 693.779677164 6.220322836
2013-09-02 239.2687482 1.648295821
",
    },
    Case {
        name: "ann30",
        terms: "5000 at 0.08 act_365_fixed from 2013-01-01 to 2013-09-01 every 1 instalment 700",
        due_dates: 8,
        flows: "
2013-02-01 666.02739726 33.97260274
2013-03-01 673.402469506 26.597530494
2013-04-01 675.128181013 24.871818987
2013-05-01 680.369696753 19.630303247
2013-06-01 684.338139196 15.661860804
2013-07-01 689.34311814 10.65688186
2013-08-01 693.671644725 6.328355275
2013-09-01 237.719353408 1.615189031
",
    },
];

#[test]
fn schedules_are_those_of_the_actus_reference_cases() {
    for case in CASES {
        let schedule = plan(case.terms).schedule().unwrap();
        assert_eq!(schedule.len(), case.due_dates, "{}", case.name);
        for flow in case.flows.lines().filter(|line| !line.is_empty()) {
            let [due, principal, interest] = flow.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{flow}")
            };
            let ours = schedule.iter().find(|i| i.due == day(due));
            let ours = ours.unwrap_or_else(|| panic!("{}: nothing is due on {due}", case.name));
            near(ours.principal, principal, case.name, flow);
            near(ours.interest, interest, case.name, flow);
        }
    }
}

fn near(ours: Amount, theirs: &str, name: &str, flow: &str) {
    let difference = ours.units() - Amount::parse(theirs).unwrap().units();
    assert!(difference.abs() < TOLERANCE, "{name}: {flow}: {ours}");
}

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

fn plan(terms: &str) -> Plan {
    let words: Vec<&str> = terms.split_whitespace().collect();
    let [principal, _, rate, days, _, start, _, maturity, _, months, rest @ ..] = words.as_slice() else {
        panic!("{terms}")
    };
    let day_count = match *days {
        "act_365_fixed" => DayCount::Act365Fixed,
        "act_360" => DayCount::Act360,
        "thirty_360" => DayCount::Thirty360Eurobond,
        "act_act" => DayCount::ActActIsda,
        other => panic!("{other}"),
    };
    let rate = Rate::parse(rate).unwrap();
    let mut plan = Plan {
        principal: amount(principal),
        decimals: 9,
        start: day(start),
        anchor: day(start),
        maturity: day(maturity),
        cycle: Cycle::Months(months.parse().unwrap()),
        stub: Stub::Short,
        interest: Interest { rate, steps: Vec::new(), day_count },
        repayment: Repayment::Bullet,
        business_days: BusinessDays::default(),
    };
    let mut rest = rest;
    while !rest.is_empty() {
        rest = exception(&mut plan, rest);
    }
    plan
}

/// Takes one exception off the words.
fn exception<'a>(plan: &mut Plan, words: &'a [&'a str]) -> &'a [&'a str] {
    let business_days = &mut plan.business_days;
    match words {
        ["bullet", rest @ ..] => rest,
        ["equal", rest @ ..] => {
            plan.repayment = Repayment::EqualInstalments;
            rest
        }
        ["principal", part, rest @ ..] => {
            plan.repayment = Repayment::FixedPrincipal(amount(part));
            rest
        }
        ["instalment", instalment, rest @ ..] => {
            plan.repayment = Repayment::FixedInstalments(amount(instalment));
            rest
        }
        ["then", rate, "on", from, rest @ ..] => {
            let step = RateStep { from: day(from), rate: Rate::parse(rate).unwrap() };
            plan.interest.steps.push(step);
            rest
        }
        ["ends", rest @ ..] => {
            plan.cycle = Cycle::MonthEnds(1);
            rest
        }
        ["long", rest @ ..] => {
            plan.stub = Stub::Long;
            rest
        }
        ["calculate", rest @ ..] => rest,
        ["shift", rest @ ..] => {
            business_days.interest_moves = true;
            rest
        }
        [shift, rest @ ..] => {
            business_days.shift = match *shift {
                "following" => Shift::Following,
                "modified_following" => Shift::ModifiedFollowing,
                "modified_preceding" => Shift::ModifiedPreceding,
                other => panic!("{other}"),
            };
            rest
        }
        [] => words,
    }
}
