//! `assay loan ...`: loans and their products on a running node, by its API.

use super::Outcome;
use super::ledger::{each, line, query};
use super::session::{in_a_path, show};
use crate::api_client::ApiArgs;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// `assay loan ...`
#[derive(Debug, Subcommand)]
pub(crate) enum LoanCommand {
    /// What is offered; for staff also what waits.
    Products(ApiArgs),
    /// A product as it stands.
    Product(OneArgs),
    /// Propose a product. It is offered once another loan officer approves.
    Propose(ProposeArgs),
    /// Put a product's proposed terms in force. Never by whoever proposed them.
    ApproveProduct(ProductVersionArgs),
    /// Turn a product's proposed terms down. Never by whoever proposed them.
    DeclineProduct(DeclineProductArgs),
    /// Take back the terms that one proposed.
    WithdrawProduct(ProductVersionArgs),
    /// What a loan would cost, by due date.
    Quote(QuoteArgs),
    /// Loans, newest first.
    List(ListArgs),
    /// Applications that wait for a loan officer, the oldest first.
    Pending(ApiArgs),
    /// A loan as it stands.
    Show(OneArgs),
    /// Its instalments to come.
    Schedule(OneArgs),
    /// The terms it was made under.
    Terms(OneArgs),
    /// Payments, newest first.
    Repayments(RepaymentsArgs),
    /// Apply for a loan; the collateral is locked at once.
    Apply(ApplyArgs),
    /// Take an application back.
    Cancel(OneArgs),
    /// Agree to an application. Never by whoever applied.
    Approve(OneArgs),
    /// Decline an application.
    Reject(ReasonArgs),
    /// Pay out; above the product's threshold by another person than approved.
    Disburse(OneArgs),
    /// Pay back; no more than is owed is taken, and what was not is said.
    Repay(RepayArgs),
    /// Add collateral.
    Pledge(CollateralArgs),
    /// Take collateral back that is not needed.
    Release(CollateralArgs),
    /// Ask to give a loan up that is in default and has no collateral left.
    WriteOff(ReasonArgs),
    /// Give it up. Never by whoever asked for it.
    ApproveWriteOff(OneArgs),
}

/// A loan or a product.
#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The loan, such as `L000000000000002A`, or the product.
    id: String,
}

/// A loan, and why.
#[derive(Debug, Args)]
pub(crate) struct ReasonArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
}

/// `assay loan propose`
#[derive(Debug, Args)]
pub(crate) struct ProposeArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The product's name.
    id: String,
    /// File with its terms, JSON as the API takes them.
    #[arg(long)]
    terms: PathBuf,
}

/// `assay loan approve-product`, `assay loan withdraw-product`
#[derive(Debug, Args)]
pub(crate) struct ProductVersionArgs {
    #[command(flatten)]
    one: OneArgs,
    /// The version that was looked at.
    #[arg(long)]
    version: u64,
}

/// `assay loan decline-product`
#[derive(Debug, Args)]
pub(crate) struct DeclineProductArgs {
    #[command(flatten)]
    product: ProductVersionArgs,
    /// Why, for who proposed the terms and for the record.
    #[arg(long)]
    reason: String,
}

/// `assay loan quote`
#[derive(Debug, Args)]
pub(crate) struct QuoteArgs {
    #[command(flatten)]
    one: OneArgs,
    /// How much would be borrowed.
    amount: String,
}

/// `assay loan list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Of this firm only.
    #[arg(long)]
    firm: Option<String>,
    /// Of this product only.
    #[arg(long)]
    product: Option<String>,
    /// With this status only, such as `active`.
    #[arg(long)]
    status: Option<String>,
}

/// `assay loan repayments`
#[derive(Debug, Args)]
pub(crate) struct RepaymentsArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Of this loan only.
    #[arg(long)]
    loan: Option<String>,
}

/// `assay loan apply`
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The product.
    product: String,
    /// How much.
    amount: String,
    /// The account for payout, collateral and payments.
    #[arg(long)]
    account: String,
    /// Collateral, such as `AAPL=200`; once for each asset.
    #[arg(long = "pledge", value_name = "ASSET=AMOUNT", required = true)]
    pledges: Vec<String>,
}

/// `assay loan repay`
#[derive(Debug, Args)]
pub(crate) struct RepayArgs {
    #[command(flatten)]
    one: OneArgs,
    /// How much at most.
    amount: String,
}

/// `assay loan pledge`, `assay loan release`
#[derive(Debug, Args)]
pub(crate) struct CollateralArgs {
    #[command(flatten)]
    one: OneArgs,
    /// What.
    asset: String,
    /// How much.
    amount: String,
}

/// What is shown of a loan in a list.
const LOAN: [&str; 9] =
    ["id", "firm", "account", "product", "status", "currency", "amount", "next_due", "late"];

/// What is shown of a payment.
const PAYMENT: [&str; 8] = ["at", "loan", "asked", "amount", "fees", "interest", "principal", "owed"];

/// What is shown of an instalment.
const INSTALMENT: [&str; 5] = ["due", "principal", "interest", "total", "outstanding"];

pub(crate) fn run(command: &LoanCommand) -> Outcome {
    match command {
        LoanCommand::Products(api) => table(&products(api)?, &["id", "version", "active", "proposed_by"]),
        LoanCommand::Product(args) => show(&args.api.call("GET", &args.product_path(), None)?),
        LoanCommand::Propose(args) => args.propose()?,
        LoanCommand::ApproveProduct(args) => args.say("/approve", json!({}))?,
        LoanCommand::DeclineProduct(args) => {
            args.product.say("/decline", json!({ "reason": args.reason }))?;
        }
        LoanCommand::WithdrawProduct(args) => args.say("/withdraw", json!({}))?,
        LoanCommand::Quote(args) => args.quote()?,
        LoanCommand::List(args) => args.list()?,
        LoanCommand::Pending(api) => list(api, "/api/v1/loans/pending?", &LOAN)?,
        LoanCommand::Show(args) => show(&args.api.call("GET", &args.path(""), None)?),
        LoanCommand::Schedule(args) => {
            table(&args.api.call("GET", &args.path("/schedule"), None)?["items"], &INSTALMENT);
        }
        LoanCommand::Terms(args) => show(&args.api.call("GET", &args.path("/terms"), None)?),
        LoanCommand::Repayments(args) => {
            let path = format!("/api/v1/loan-repayments{}", query(&[("loan", args.loan.as_deref())]));
            list(&args.api, &path, &PAYMENT)?;
        }
        LoanCommand::Apply(args) => args.apply()?,
        LoanCommand::Cancel(args) => args.say("/cancel", &json!({}))?,
        LoanCommand::Approve(args) => args.say("/approve", &json!({}))?,
        LoanCommand::Reject(args) => args.one.say("/reject", &json!({ "reason": args.reason }))?,
        LoanCommand::Disburse(args) => args.say("/disburse", &json!({}))?,
        LoanCommand::Repay(args) => args.one.say("/repay", &json!({ "amount": args.amount }))?,
        LoanCommand::Pledge(args) => args.say("/pledge")?,
        LoanCommand::Release(args) => args.say("/release")?,
        LoanCommand::WriteOff(args) => args.one.say("/write-off", &json!({ "reason": args.reason }))?,
        LoanCommand::ApproveWriteOff(args) => args.say("/write-off/approve", &json!({}))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn products(api: &ApiArgs) -> Result<Value, String> {
    Ok(api.call("GET", "/api/v1/loan-products", None)?["items"].take())
}

/// Items in lines, under their fields' names.
fn table(items: &Value, fields: &[&str]) {
    println!("{}", fields.join("  "));
    for item in items.as_array().into_iter().flatten() {
        println!("{}", line(item, fields));
    }
}

/// Every item of a list, page by page.
fn list(api: &ApiArgs, path: &str, fields: &[&str]) -> Result<(), String> {
    println!("{}", fields.join("  "));
    each(api, path, |item| {
        println!("{}", line(item, fields));
        true
    })
}

impl OneArgs {
    fn path(&self, rest: &str) -> String {
        format!("/api/v1/loans/{}{rest}", in_a_path(&self.id))
    }

    fn product_path(&self) -> String {
        format!("/api/v1/loan-products/{}", in_a_path(&self.id))
    }

    /// Asks for something and shows the loan as it stands then.
    fn say(&self, rest: &str, body: &Value) -> Result<(), String> {
        show(&self.api.call("POST", &self.path(rest), Some(body))?);
        Ok(())
    }
}

impl CollateralArgs {
    fn say(&self, rest: &str) -> Result<(), String> {
        self.one.say(rest, &json!({ "asset": self.asset, "amount": self.amount }))
    }
}

impl ProposeArgs {
    fn propose(&self) -> Result<(), String> {
        let file = self.terms.display();
        let text = std::fs::read_to_string(&self.terms).map_err(|e| format!("cannot read {file}: {e}"))?;
        let terms: Value = serde_json::from_str(&text).map_err(|e| format!("{file} is no JSON: {e}"))?;
        let body = json!({ "id": self.id, "terms": terms });
        show(&self.api.call("POST", "/api/v1/loan-products", Some(&body))?);
        Ok(())
    }
}

impl ProductVersionArgs {
    /// Says something of the version that was looked at, and shows the product as it stands then.
    fn say(&self, rest: &str, mut body: Value) -> Result<(), String> {
        body["version"] = json!(self.version);
        let path = format!("{}{rest}", self.one.product_path());
        show(&self.one.api.call("POST", &path, Some(&body))?);
        Ok(())
    }
}

impl QuoteArgs {
    fn quote(&self) -> Result<(), String> {
        let path = format!("{}/quote?amount={}", self.one.product_path(), in_a_path(&self.amount));
        let quote = self.one.api.call("GET", &path, None)?;
        table(&quote["instalments"], &INSTALMENT);
        println!("{}", line(&quote, &["currency", "interest", "payout_fee", "collateral"]));
        Ok(())
    }
}

impl ListArgs {
    fn list(&self) -> Result<(), String> {
        let filters = [("firm", &self.firm), ("product", &self.product), ("status", &self.status)];
        let path = format!("/api/v1/loans{}", query(&filters.map(|(n, v)| (n, v.as_deref()))));
        list(&self.api, &path, &LOAN)
    }
}

impl ApplyArgs {
    fn apply(&self) -> Result<(), String> {
        let body = json!({
            "account": self.account, "product": self.product, "amount": self.amount, "pledges": self.pledges()?,
        });
        show(&self.api.call("POST", "/api/v1/loans", Some(&body))?);
        Ok(())
    }

    fn pledges(&self) -> Result<Map<String, Value>, String> {
        let pledge = |text: &String| {
            let (asset, amount) = text.split_once('=').ok_or_else(|| format!("{text} is no ASSET=AMOUNT"))?;
            Ok((asset.to_owned(), json!(amount)))
        };
        self.pledges.iter().map(pledge).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        command: LoanCommand,
    }

    #[test]
    fn pledges_are_read_by_asset_and_what_is_none_is_refused() {
        let read = |pledges: &[&str]| {
            let words = ["loan", "apply", "--token-file", "t", "HOME", "1000", "--account", "FIRM1"];
            let line = Line::try_parse_from(words.iter().chain(pledges)).ok()?;
            let LoanCommand::Apply(args) = line.command else { return None };
            Some(args.pledges().map(Value::from))
        };
        assert_eq!(read(&[]), None, "nothing is lent without any");
        assert_eq!(
            read(&["--pledge", "AAPL=1", "--pledge", "B=2"]),
            Some(Ok(json!({"AAPL": "1", "B": "2"})))
        );
        assert_eq!(read(&["--pledge", "AAPL"]), Some(Err("AAPL is no ASSET=AMOUNT".to_owned())));
    }
}
