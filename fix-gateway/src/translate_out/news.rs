//! News(B): what everybody should know.

use assay_trading_types::{LimitScope, LimitsChanged, Timestamp, TradingPhase, TradingStateChanged};
use fix_session::Encoder;

/// Urgency(61).
const NORMAL: u8 = b'0';
const FLASH: u8 = b'1';

/// Headline(148), Urgency(61) and lines of text.
fn news(out: &mut Encoder, headline: &str, urgency: u8, lines: &[&str]) {
    out.field_u64(33, lines.len() as u64);
    for line in lines {
        out.field(58, line.as_bytes());
    }
    out.field_char(61, urgency).field(148, headline.as_bytes());
}

/// A planned stop, so many seconds away.
pub(crate) fn maintenance(out: &mut Encoder, seconds: u32) {
    let line = format!("sessions are logged out in {seconds} s");
    news(out, "MAINTENANCE", if seconds <= 10 { FLASH } else { NORMAL }, &[&line]);
}

/// A session's hours are nearly over.
pub(crate) fn session_end(out: &mut Encoder, end: Timestamp) {
    let mut line = b"the session ends at ".to_vec();
    end.write_fix(0, &mut line);
    news(out, "SESSION_END", NORMAL, &[&String::from_utf8_lossy(&line)]);
}

/// An instrument went into another phase.
pub(super) fn market_state(e: &TradingStateChanged, out: &mut Encoder) {
    let (phase, urgency) = match e.phase {
        TradingPhase::Closed => ("closed", NORMAL),
        TradingPhase::PreOpen => ("pre-open", NORMAL),
        TradingPhase::OpeningAuction => ("opening auction", NORMAL),
        TradingPhase::Continuous => ("continuous", NORMAL),
        TradingPhase::VolatilityAuction => ("volatility auction", FLASH),
        TradingPhase::ClosingAuction => ("closing auction", NORMAL),
        TradingPhase::Halted => ("halted", FLASH),
    };
    news(out, "MARKET_STATE", urgency, &[&format!("{}: {phase}", e.symbol)]);
}

/// Limits changed.
pub(super) fn limit_change(e: &LimitsChanged, out: &mut Encoder) {
    let kind = match e.scope {
        LimitScope::House => "all",
        LimitScope::Firm(_) => "firm",
        LimitScope::Account(_) => "account",
    };
    let line = format!("{kind} {}: limits version {}", e.scope.key(), e.version);
    news(out, "LIMIT_CHANGE", NORMAL, &[&line]);
}
