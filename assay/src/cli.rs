//! The command line.

use crate::api_client::ApiPlace;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// An institutional FIX 4.4 order gateway whose books prove themselves.
#[derive(Debug, Parser)]
#[command(name = "assay", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve: gateway, risk, execution, ledger and audit in one process, until Ctrl-C.
    Up(UpArgs),
    /// Show everything at work on real FIX traffic in a temporary directory, with a crash in the middle. Under a minute.
    Demo(DemoArgs),
    /// Kill and cut a server under load, again and again, and hold the counterparties' scores against its books.
    Drill(DrillArgs),
    /// Measure, beside a floor measured in the same run.
    Bench(BenchArgs),
    /// Check a configuration, and the log, books and audit chain of a data directory.
    Check(CheckArgs),
    /// Run the log as a process of its own, which the other roles meet at. Until Ctrl-C.
    Log(RoleArgs),
    /// Run the gateway as a process of its own, at the log that `[roles]` names. Until Ctrl-C.
    Gateway(RoleArgs),
    /// Verify or query the audit chain and store; without a command, run the audit as a process of its own.
    Audit(RoleOr<AuditCommand>),
    /// Explain or review what risk decided; without a command, run risk as a process of its own.
    Risk(RoleOr<crate::command::risk::RiskCommand>),
    /// Run execution as a process of its own, at the log that `[roles]` names. Until Ctrl-C.
    Execution(RoleArgs),
    /// Run the back office as a process of its own, at the log that `[roles]` names. Until Ctrl-C.
    Admin(RoleArgs),
    /// Loans and their products on a running node.
    #[command(subcommand)]
    Loan(crate::command::loan::LoanCommand),
    /// The books of a running node; without a command, run a process that keeps them a second time and compares.
    Ledger(RoleOr<crate::command::ledger::LedgerCommand>),
    /// Undo or correct a trade.
    #[command(subcommand)]
    Trade(crate::command::trade::TradeCommand),
    /// Hold a broker's statement against ours.
    #[command(subcommand)]
    Venue(crate::command::venue::VenueCommand),
    /// Make or check the topics of a log in Kafka.
    #[command(subcommand)]
    Topics(crate::command::topics::TopicsCommand),
    /// Keys of the audit seals and of sessions.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Certificates for development.
    #[command(subcommand)]
    Certs(CertsCommand),
    /// FIX sessions of a running node.
    #[command(subcommand)]
    Session(crate::command::session::SessionCommand),
    /// Identity files of a running node.
    #[command(subcommand)]
    Kyc(crate::command::kyc::KycCommand),
    /// One's notices on a running node, how they come, and alerts.
    #[command(subcommand)]
    Notify(crate::command::notify::NotifyCommand),
    /// What runs by the clock on a running node.
    #[command(subcommand)]
    Job(crate::command::job::JobCommand),
    /// What waits for a second person on a running node.
    #[command(subcommand, visible_alias = "approval")]
    Proposal(crate::command::proposal::ProposalCommand),
    /// Make, list or repeat reports of a running node.
    Report(Box<crate::command::report::ReportCommand>),
    /// Users of the back office.
    #[command(subcommand)]
    User(UserCommand),
    /// The session engine alone, for the benchmarks.
    #[command(hide = true)]
    Echo(EchoArgs),
    /// Run the whole-pipeline simulation of one seed, or of several.
    Sim(SimArgs),
}

/// Which configuration and data directory.
#[derive(Debug, Args, Clone)]
pub(crate) struct NodeArgs {
    /// Configuration file; without one, a development configuration with sessions CLIENT1 and CLIENT2 is used.
    #[arg(long, env = "ASSAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Where the log, snapshots, keys and audit store live.
    #[arg(long, env = "ASSAY_DATA_DIR", default_value = "assay-data")]
    pub(crate) data_dir: PathBuf,
    /// Override a configuration key, e.g. `--set gateway.listen=127.0.0.1:9000`. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// `assay log`, `assay gateway` and the other roles.
#[derive(Debug, Args, Clone)]
pub(crate) struct RoleArgs {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// Serve health and metrics here; port 0 takes a free one. The back office serves them at `[admin] listen` without it.
    #[arg(long)]
    pub(crate) health: Option<std::net::SocketAddr>,
}

/// A role whose name is that of commands too.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RoleOr<C: Subcommand> {
    #[command(flatten)]
    pub(crate) role: RoleArgs,
    #[command(subcommand)]
    pub(crate) command: Option<C>,
}

/// `assay up`
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// Start even though the end of the log is missing or damaged where it had been durable: what cannot be read from
    /// there on is lost, audit copies that hold it are set aside. Only when there is no copy to restore.
    #[arg(long)]
    pub(crate) accept_lost_tail: bool,
    /// Let the clock be wrong: `OFFSET_MS@AFTER_MS`, in order. For the drill.
    #[arg(long, hide = true, value_delimiter = ',', allow_hyphen_values = true)]
    pub(crate) clock_jumps: Vec<crate::clock::Jump>,
}

/// `assay demo`
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Instructions (orders, cancels, replaces) of all counterparties together.
    #[arg(long, default_value_t = 200_000)]
    pub(crate) orders: u64,
    /// Seed of the morning.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Keep the data directory here instead of a temporary one.
    #[arg(long)]
    pub(crate) keep: Option<PathBuf>,
}

/// What besides kills strikes in a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// Connections are cut, stalled, half open, or deliver single bytes.
    Network,
    /// The server's clock jumps.
    Clock,
    /// Nothing but kills.
    None,
}

/// `assay drill`
#[derive(Debug, Args)]
pub(crate) struct DrillArgs {
    /// kill -9 of the server so many times.
    #[arg(long, default_value_t = 200)]
    pub(crate) kills: u32,
    /// Seed of the moments, the faults and the orders; one from the clock when left out. It is printed.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// What strikes besides.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["network", "clock"])]
    pub(crate) faults: Vec<Fault>,
    /// Go on with the next seed until Ctrl-C or until something is lost.
    #[arg(long)]
    pub(crate) endless: bool,
    /// Kill no more in a round that has taken so many minutes, and settle it.
    #[arg(long, default_value_t = 30)]
    pub(crate) minutes_max: u64,
    /// Keep the data directory of the last round here instead of in a temporary one.
    #[arg(long)]
    pub(crate) keep: Option<PathBuf>,
}

/// What `assay bench` measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BenchPart {
    /// Parse and validate a NewOrderSingle.
    Parse,
    /// Match.
    Match,
    /// Pre-trade decisions.
    Risk,
    /// Ledger transfers.
    Ledger,
    /// Audit chain and seals.
    Chain,
    /// The session engine alone over a socket, every message synced.
    Fix,
    /// The whole path over a socket, every message synced.
    Path,
    /// The whole path with its log in Kafka, beside the brokers alone.
    Kafka,
    /// Recovery from a snapshot.
    Recovery,
    /// The back office's API over HTTP, every write synced.
    Api,
}

/// `assay bench`
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Parts to measure; all when none is named.
    #[arg(value_enum)]
    pub(crate) parts: Vec<BenchPart>,
    /// Orders in the socket parts.
    #[arg(long, default_value_t = 400_000)]
    pub(crate) orders: u64,
    /// Orders in the back office's read model.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) rows: u64,
    /// Messages sent again in the engine's part.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) resend: u64,
    /// QuickFIX C++ beside the engine: the program `quickfix_echo` of tests/interop.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) quickfix: Option<PathBuf>,
    /// Brokers of Apache Kafka to measure on, `host:port`; one is enough.
    #[arg(long)]
    pub(crate) brokers: Option<String>,
    /// Orders at rest in the matching part.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) resting: u64,
    /// Where the log of the socket parts goes: the disk under it is what is measured.
    #[arg(long, default_value = "target/bench-data")]
    pub(crate) dir: PathBuf,
}

/// `assay check`
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
}

/// `assay audit ...`
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Verify the log, the store, and both against each other. Exit 0 and counts, or 1 and the first bad record.
    Verify(VerifyArgs),
    /// Print records of an order, a session, a firm or a span of time.
    Query(Box<QueryArgs>),
    /// Empty the store and write it anew from the log. The node must not run.
    Rebuild(RebuildArgs),
}

/// Which copy of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    /// The embedded store.
    Sqlite,
    /// The ClickHouse database of the configuration.
    Clickhouse,
}

/// Which store, of which configuration.
#[derive(Debug, Args, Clone)]
pub(crate) struct StoreArgs {
    /// Configuration file, for `[audit]` and `[log]`.
    #[arg(long, env = "ASSAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Which store; the configured one without it.
    #[arg(long, value_enum)]
    pub(crate) store: Option<StoreKind>,
}

/// `assay audit rebuild`
#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    /// Where the log is.
    #[arg(long, env = "ASSAY_DATA_DIR", default_value = "assay-data")]
    pub(crate) data_dir: PathBuf,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `assay audit verify`
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Where the log and the store are.
    #[arg(long, env = "ASSAY_DATA_DIR", default_value = "assay-data")]
    pub(crate) data_dir: PathBuf,
    /// The initial seal key kept off the machine; with it the seals' HMACs are verified too.
    #[arg(long)]
    pub(crate) initial_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// Comma-separated values.
    Csv,
    /// One JSON object a line.
    Json,
}

/// `assay audit query`
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// Where the store is.
    #[arg(long, env = "ASSAY_DATA_DIR", default_value = "assay-data")]
    pub(crate) data_dir: PathBuf,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// An OrderID or ClOrdID: its whole trail.
    #[arg(long)]
    pub(crate) order: Option<String>,
    /// A session, as `CLIENT1/ASSAY`.
    #[arg(long)]
    pub(crate) session: Option<String>,
    /// A firm.
    #[arg(long)]
    pub(crate) firm: Option<String>,
    /// Only what this actor caused, `user:usr_...` or `session:CLIENT1/ASSAY`.
    #[arg(long)]
    pub(crate) actor: Option<String>,
    /// Only this kind, `order.accepted.v1`.
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// Only what is about this: a user, firm, account, symbol, session, order, movement, loan ..., by its whole name.
    #[arg(long, alias = "key")]
    pub(crate) object: Option<String>,
    /// Only one request and what followed from it, 32 hex digits.
    #[arg(long)]
    pub(crate) trace: Option<String>,
    /// Earliest time, RFC 3339, included.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Latest time, RFC 3339, left out.
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// Table, CSV or JSON lines.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Most rows printed.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) limit: u64,
    /// Print rows after this position only, to go on where a limit ended.
    #[arg(long)]
    pub(crate) after: Option<u64>,
}

/// `assay keys ...`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make the seal keys of a data directory. The initial key is written apart: take it off the machine.
    Init(KeysInitArgs),
    /// Make a key that a counterparty proves at logon: its record for the configuration goes to standard output, what is
    /// secret to a file.
    Session(KeysSessionArgs),
    /// Make the secret that the processes of one node know.
    Roles(KeysRolesArgs),
}

/// `assay keys roles`
#[derive(Debug, Args)]
pub(crate) struct KeysRolesArgs {
    /// The file to make; it must not be there yet.
    pub(crate) file: PathBuf,
}

/// How a counterparty proves its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyScheme {
    /// Signature by a shared secret.
    #[value(name = "hmac-sha-256")]
    HmacSha256,
    /// Signature by a shared secret.
    #[value(name = "hmac-sha-512")]
    HmacSha512,
    /// Signature by a private key that only the counterparty has.
    Ed25519,
    /// A password, over TLS only.
    Password,
}

/// `assay keys session`
#[derive(Debug, Args)]
pub(crate) struct KeysSessionArgs {
    /// Username(553) of the key.
    #[arg(long)]
    pub(crate) id: String,
    /// How it is proven.
    #[arg(long, value_enum, default_value = "ed25519")]
    pub(crate) scheme: KeyScheme,
    /// Where the secret's file goes.
    #[arg(long, default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Days it is valid from now; for ever when left out.
    #[arg(long)]
    pub(crate) days: Option<u32>,
}

/// `assay certs ...`
#[derive(Debug, Subcommand)]
pub(crate) enum CertsCommand {
    /// Make a CA, a server certificate, one client certificate a session, and an example revocation list.
    Init(CertsInitArgs),
}

/// `assay certs init`
#[derive(Debug, Args)]
pub(crate) struct CertsInitArgs {
    /// Where they go; files that are there stay as they are.
    #[arg(long)]
    pub(crate) dir: PathBuf,
    /// Configuration whose sessions get a certificate; without one the development configuration's do.
    #[arg(long, env = "ASSAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// CompIDs that get a certificate instead.
    #[arg(long = "comp-id", value_name = "COMP_ID", value_parser = parse_comp_id)]
    pub(crate) comp_ids: Vec<assay_trading_types::CompId>,
    /// Names or addresses of the server besides localhost.
    #[arg(long = "host", value_name = "NAME")]
    pub(crate) hosts: Vec<String>,
}

fn parse_comp_id(text: &str) -> Result<assay_trading_types::CompId, String> {
    assay_trading_types::CompId::new(text).map_err(|error| error.to_string())
}

/// `assay keys init`
#[derive(Debug, Args)]
pub(crate) struct KeysInitArgs {
    /// Data directory the node will use.
    #[arg(long, env = "ASSAY_DATA_DIR", default_value = "assay-data")]
    pub(crate) data_dir: PathBuf,
}

/// `assay user ...`
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make the first administrator, on a running node or a stopped one; refused once there is one.
    CreateAdmin(CreateAdminArgs),
    /// Log in on a running node and keep the access token, which works for a quarter of an hour, in a file.
    LogIn(LogInArgs),
}

/// `assay user log-in`
#[derive(Debug, Args)]
pub(crate) struct LogInArgs {
    #[command(flatten)]
    pub(crate) place: ApiPlace,
    /// Address: the name at login.
    #[arg(long)]
    pub(crate) email: String,
    /// File whose first line is the password.
    #[arg(long)]
    pub(crate) password_file: PathBuf,
    /// Code of the second factor.
    #[arg(long)]
    pub(crate) code: Option<String>,
    /// Where the token goes, for its owner's eyes only.
    #[arg(long, env = "ASSAY_TOKEN_FILE")]
    pub(crate) token_file: PathBuf,
}

/// `assay user create-admin`
#[derive(Debug, Args)]
pub(crate) struct CreateAdminArgs {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// Address: the name at login.
    #[arg(long)]
    pub(crate) email: String,
    /// File whose first line is the password.
    #[arg(long)]
    pub(crate) password_file: PathBuf,
    /// Certificates in PEM that alone may vouch for the running node, if it speaks TLS, instead of the system's.
    #[arg(long, env = "ASSAY_API_CA")]
    pub(crate) api_ca: Option<PathBuf>,
}

/// `assay sim`
#[derive(Debug, Args)]
pub(crate) struct SimArgs {
    /// Seed to run, or the first of several.
    #[arg(long)]
    pub(crate) seed: u64,
    /// How many seeds from there.
    #[arg(long, default_value_t = 1)]
    pub(crate) count: u64,
}

/// Where `assay echo` journals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EchoStore {
    /// The file log, every message synced.
    File,
    /// Memory.
    Memory,
}

/// `assay echo`
#[derive(Debug, Args)]
pub(crate) struct EchoArgs {
    /// Journal.
    #[arg(long, value_enum, default_value = "file")]
    pub(crate) store: EchoStore,
    /// Directory of the file store.
    #[arg(long, default_value = "echo-data")]
    pub(crate) dir: PathBuf,
    /// Sessions CLIENT1, CLIENT2 ... that may log on.
    #[arg(long, default_value_t = 1)]
    pub(crate) sessions: u32,
    /// TLS with what `assay certs init` made in this directory; sessions show their certificates.
    #[arg(long)]
    pub(crate) certificates: Option<PathBuf>,
}
