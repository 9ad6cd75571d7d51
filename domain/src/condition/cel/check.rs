//! Reads an expression, checks it with types, and puts the answers of functions where their calls stood.

use std::collections::BTreeSet;
use std::thread;

use cel::common::ast::operators::{
    ADD, CONDITIONAL, DIVIDE, EQUALS, GREATER, GREATER_EQUALS, IN, LESS, LESS_EQUALS, LOGICAL_AND, LOGICAL_NOT,
    LOGICAL_OR, MODULO, MULTIPLY, NEGATE, NOT_EQUALS, SUBSTRACT,
};
use cel::common::ast::{CallExpr, Expr, LiteralValue};
use cel::parser::{Expression, Parser};

use super::{
    Call, CelProblem, Compiled, MAX_CALLS, MAX_CHARS, MAX_NESTING, MAX_NODES, MAX_OPERATORS, Variable, name_of,
};
use crate::condition::MAX_DAYS;
use crate::name::Name;

/// Enough for the deepest expression without optimisation; only what is used of it is ever taken.
const PARSER_STACK_BYTES: usize = 64 * 1024 * 1024;

/// Of which type a part of an expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Bool,
    Int,
    Text,
}

pub(super) fn compile(text: &str) -> Result<Compiled, CelProblem> {
    let chars = text.chars().count();
    if !(1..=MAX_CHARS).contains(&chars) || text.chars().any(char::is_control) {
        return Err(CelProblem::Length);
    }
    if text.chars().filter(|char| "+-*/%<>=!&|?:.".contains(*char)).count() > MAX_OPERATORS {
        return Err(CelProblem::Bounds);
    }
    let mut tree = parse(text)?;
    let mut check = Check::default();
    if check.part(&mut tree, 1)? != Type::Bool {
        return Err(CelProblem::NotBoolean);
    }
    Ok(Compiled { text: text.to_owned(), tree, calls: check.calls, variables: check.variables })
}

/// The parser is not ours and goes deep: it gets a stack of its own, and should it ever panic, the expression
/// is refused.
fn parse(text: &str) -> Result<Expression, CelProblem> {
    let depth = u16::try_from(MAX_NESTING).unwrap_or(u16::MAX);
    let text = text.to_owned();
    let parser = thread::Builder::new().name("cel".to_owned()).stack_size(PARSER_STACK_BYTES);
    let parsing = parser.spawn(move || Parser::new().max_recursion_depth(depth).parse(&text).ok());
    parsing.ok().and_then(|parsing| parsing.join().ok().flatten()).ok_or(CelProblem::Syntax)
}

/// The walk through one expression.
#[derive(Default)]
struct Check {
    nodes: usize,
    calls: Vec<Call>,
    variables: BTreeSet<Variable>,
}

impl Check {
    fn part(&mut self, part: &mut Expression, depth: usize) -> Result<Type, CelProblem> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth > MAX_NESTING {
            return Err(CelProblem::Bounds);
        }
        match &mut part.expr {
            Expr::Literal(literal) => literal_type(literal),
            Expr::Ident(name) => self.variable(name),
            Expr::Call(call) if call.target.is_none() && !is_name(&call.func_name) => self.operator(call, depth),
            Expr::Call(call) => {
                let known = read_call(call)?;
                part.expr = Expr::Ident(name_of(self.place_of(known)?));
                Ok(Type::Int)
            }
            Expr::Comprehension(_) => Err(CelProblem::Macro),
            Expr::Select(select) if select.test => Err(CelProblem::Macro),
            Expr::Select(_) => Err(CelProblem::LeftOut("fields")),
            Expr::List(_) => Err(CelProblem::LeftOut("lists, but after `in`")),
            Expr::Map(_) | Expr::Struct(_) => Err(CelProblem::LeftOut("maps and messages")),
            Expr::Unspecified => Err(CelProblem::Syntax),
        }
    }

    fn variable(&mut self, name: &str) -> Result<Type, CelProblem> {
        let variable = Variable::of(name).ok_or_else(|| CelProblem::UnknownVariable(shown(name)))?;
        self.variables.insert(variable);
        Ok(match variable {
            Variable::Today | Variable::TimeZone => Type::Text,
            Variable::ProfileComplete | Variable::Birthday | Variable::JoinAnniversary => Type::Bool,
            Variable::DaysSinceJoined => Type::Int,
        })
    }

    /// Where the answer to a call will be; the same call is asked once.
    fn place_of(&mut self, call: Call) -> Result<usize, CelProblem> {
        if let Some(place) = self.calls.iter().position(|known| *known == call) {
            return Ok(place);
        }
        if self.calls.len() == MAX_CALLS {
            return Err(CelProblem::Bounds);
        }
        self.calls.push(call);
        Ok(self.calls.len() - 1)
    }

    fn operator(&mut self, call: &mut CallExpr, depth: usize) -> Result<Type, CelProblem> {
        let name = call.func_name.clone();
        let wrong = || CelProblem::Types(name.replace(['_', '@'], ""));
        if name == IN {
            return self.is_in(&mut call.args, depth)?.ok_or_else(wrong);
        }
        let mut types = Vec::with_capacity(call.args.len());
        for part in &mut call.args {
            types.push(self.part(part, depth + 1)?);
        }
        let found = match (name.as_str(), types.as_slice()) {
            (LOGICAL_AND | LOGICAL_OR, [Type::Bool, Type::Bool]) | (LOGICAL_NOT, [Type::Bool]) => Some(Type::Bool),
            (EQUALS | NOT_EQUALS, [left, right]) if left == right => Some(Type::Bool),
            (LESS | LESS_EQUALS | GREATER | GREATER_EQUALS, [Type::Int, Type::Int] | [Type::Text, Type::Text]) => {
                Some(Type::Bool)
            }
            (ADD | SUBSTRACT | MULTIPLY | DIVIDE | MODULO, [Type::Int, Type::Int]) | (NEGATE, [Type::Int]) => {
                Some(Type::Int)
            }
            (CONDITIONAL, [Type::Bool, yes, no]) if yes == no => Some(*yes),
            (LOGICAL_AND | LOGICAL_OR | LOGICAL_NOT | EQUALS | NOT_EQUALS | LESS | LESS_EQUALS | GREATER, _)
            | (GREATER_EQUALS | ADD | SUBSTRACT | MULTIPLY | DIVIDE | MODULO | NEGATE | CONDITIONAL, _) => None,
            _ => return Err(CelProblem::LeftOut("this operator")),
        };
        found.ok_or_else(wrong)
    }

    /// One of a list that is written out, all of one type.
    fn is_in(&mut self, parts: &mut [Expression], depth: usize) -> Result<Option<Type>, CelProblem> {
        let [wanted, Expression { expr: Expr::List(list), .. }] = parts else {
            return Err(CelProblem::LeftOut("`in`, but with a list"));
        };
        let wanted = self.part(wanted, depth + 1)?;
        if !list.optional_indices.is_empty() {
            return Err(CelProblem::LeftOut("optional values"));
        }
        for element in &mut list.elements {
            if self.part(element, depth + 2)? != wanted {
                return Ok(None);
            }
        }
        Ok(Some(Type::Bool))
    }
}

fn literal_type(literal: &LiteralValue) -> Result<Type, CelProblem> {
    match literal {
        LiteralValue::Boolean(_) => Ok(Type::Bool),
        LiteralValue::Int(_) => Ok(Type::Int),
        LiteralValue::String(_) => Ok(Type::Text),
        LiteralValue::Double(_) => Err(CelProblem::LeftOut("numbers with a fraction or an exponent")),
        LiteralValue::UInt(_) => Err(CelProblem::LeftOut("unsigned numbers")),
        LiteralValue::Bytes(_) => Err(CelProblem::LeftOut("bytes")),
        LiteralValue::Null => Err(CelProblem::LeftOut("null")),
    }
}

/// A function is called by a name, an operator by signs.
fn is_name(function: &str) -> bool {
    function.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.'))
}

/// What a problem repeats of an expression is short.
fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

fn read_call(call: &CallExpr) -> Result<Call, CelProblem> {
    let unknown = || CelProblem::UnknownFunction(shown(&call.func_name));
    if call.target.is_some() {
        return Err(unknown());
    }
    let wrong = |name, usage| CelProblem::Arguments(name, usage);
    match (call.func_name.as_str(), call.args.as_slice()) {
        ("streak", [kind]) => name(kind).map(|kind| Call::Streak { kind }),
        ("activeDays", [kind, within]) => match text(kind) {
            Some("*") => days(within).map(|days| Call::ActiveDays { kind: None, days }),
            _ => name(kind).zip(days(within)).map(|(kind, days)| Call::ActiveDays { kind: Some(kind), days }),
        },
        ("count", [kind, within]) => name(kind).zip(days(within)).map(|(kind, days)| Call::Count { kind, days }),
        ("total", [kind, measure, within]) => name(kind)
            .zip(name(measure))
            .zip(days(within))
            .map(|((kind, measure), days)| Call::Total { kind, measure, days }),
        ("referrals", []) => Some(Call::Referrals),
        _ => None,
    }
    .ok_or_else(|| match call.func_name.as_str() {
        "streak" => wrong("streak", "streak(kind)"),
        "activeDays" => wrong("activeDays", "activeDays(kind, days)"),
        "count" => wrong("count", "count(kind, days)"),
        "total" => wrong("total", "total(kind, measure, days)"),
        "referrals" => wrong("referrals", "referrals()"),
        "has" | "all" | "exists" | "exists_one" | "map" | "filter" => CelProblem::Macro,
        _ => unknown(),
    })
}

fn text(part: &Expression) -> Option<&str> {
    match &part.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

fn name(part: &Expression) -> Option<Name> {
    Name::try_from(text(part)?.to_owned()).ok()
}

fn days(part: &Expression) -> Option<u32> {
    match &part.expr {
        Expr::Literal(LiteralValue::Int(days)) if (1..=MAX_DAYS).contains(days.inner()) => {
            u32::try_from(*days.inner()).ok()
        }
        _ => None,
    }
}
