//! The language of `eval` and `where`, by binding strength.
//!
//! From weak to strong: XOR, OR, AND, NOT, comparisons (with LIKE, IN, BETWEEN), `+` `-` `.`,
//! `*` `/` `%`, signs. Operators of one strength group from the left.

use super::cursor::{Parsed, too_deep};
use super::strength::{COMPARE_POWER, NOT_POWER, SIGN_POWER, SUM_POWER, flat, power, strength};
use super::{Parser, scan};
use crate::ast::{Assignment, BinOp, Expr, ExprKind, Spanless, Target, TargetPart};
use crate::codes;
use davy_diag::{Span, Spanned};

/// How high a tree of operators may grow: trees are walked by recursion everywhere.
const MAX_HEIGHT: u32 = 400;

/// From so many operators of one strength in a row on they are one chain.
const LONG_CHAIN: u32 = 100;

/// An expression and the height of its tree.
struct Tall {
    expr: Expr,
    height: u32,
    /// How many operators of its own strength stand in a row on its left side.
    run: u32,
}

#[derive(Clone, Copy)]
enum Op {
    Binary(BinOp),
    In,
    Between,
}

/// An operator that stands here.
struct Found {
    op: Op,
    /// `NOT IN`, `NOT LIKE`, `NOT BETWEEN`.
    not: bool,
    len: usize,
    power: u8,
}

/// Whether a bare name may hold this byte.
pub(crate) fn is_name(b: u8) -> bool {
    scan::is_word(b) || matches!(b, b'{' | b'}' | b':' | b'@' | b'$' | b'#')
}

/// Words that mean something else than a field of that name.
pub(crate) fn is_keyword(word: &str) -> bool {
    ["and", "or", "xor", "not", "like", "in", "between"]
        .iter()
        .any(|k| k.eq_ignore_ascii_case(word))
}

impl Parser<'_> {
    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        Ok(self.binary(0)?.expr)
    }

    fn binary(&mut self, least: u8) -> Parsed<Tall> {
        self.nested(|p| {
            let mut left = p.unary()?;
            loop {
                p.skip_blank();
                let Some(found) = p.operator_here() else { break };
                if found.power < least {
                    break;
                }
                let at = p.span(p.pos, p.pos + found.len);
                p.pos += found.len;
                left = p.right_side(left, &found, at)?;
            }
            Ok(left)
        })
    }

    fn right_side(&mut self, left: Tall, found: &Found, at: Span) -> Parsed<Tall> {
        let start = left.expr.span.0;
        let (kind, height, run) = match found.op {
            Op::In => {
                let open = self.pos;
                if self.next_byte() != Some(b'(') {
                    return self.unexpected("`(` and a list of values");
                }
                let (list, height) = self.list(open)?;
                if list.is_empty() {
                    let span = self.span_from(open);
                    return self.fail(
                        codes::EMPTY_LIST
                            .at(span, "`IN` has an empty list")
                            .help("type values inside: `IN (\"a\", \"b\")`"),
                    );
                }
                let value = Box::new(left.expr);
                (ExprKind::In { value, list }, left.height.max(height), 1)
            }
            Op::Between => {
                let low = self.operand(SUM_POWER, at, "BETWEEN")?;
                self.skip_blank();
                if !self.word_here().eq_ignore_ascii_case("and") {
                    return self.unexpected("`AND` and the upper bound");
                }
                self.pos += 3;
                let high = self.operand(SUM_POWER, at, "AND")?;
                let height = left.height.max(low.height).max(high.height);
                let (value, low, high) =
                    (Box::new(left.expr), Box::new(low.expr), Box::new(high.expr));
                (ExprKind::Between { value, low, high }, height, 1)
            }
            Op::Binary(op) => {
                let sign = self.text.get(at.range()).unwrap_or("").to_owned();
                let right = self.operand(found.power + 1, at, &sign)?;
                let height = left.height.max(right.height);
                let run = if strength(&left.expr.kind) == found.power { left.run + 1 } else { 1 };
                let op = Spanned::new(op, at);
                if run >= LONG_CHAIN && found.power != COMPARE_POWER {
                    return self.lengthened(left, op, right, run);
                }
                let (left, right) = (Box::new(left.expr), Box::new(right.expr));
                (ExprKind::Binary { op, left, right }, height, run)
            }
        };
        let span = Spanless(start.to(self.span(self.pos, self.pos)));
        let mut expr = Expr { kind, span };
        if found.not {
            expr = Expr { kind: ExprKind::Not(Box::new(expr)), span };
        }
        self.tall(expr, height + 1 + u32::from(found.not), run)
    }

    /// Adds an operand to very many, which are a chain from then on.
    fn lengthened(
        &mut self,
        left: Tall,
        op: Spanned<BinOp>,
        right: Tall,
        run: u32,
    ) -> Parsed<Tall> {
        let span = Spanless(left.expr.span.0.to(self.span(self.pos, self.pos)));
        let height = left.height.max(right.height + 1);
        let (first, mut rest) = flat(left.expr, power(op.value));
        rest.push((op, right.expr));
        self.tall(Expr { kind: ExprKind::Chain { first, rest }, span }, height, run)
    }

    fn tall(&mut self, expr: Expr, height: u32, run: u32) -> Parsed<Tall> {
        if height > MAX_HEIGHT {
            return self.fail(too_deep(expr.span.0));
        }
        Ok(Tall { expr, height, run })
    }

    /// What must follow an operator.
    fn operand(&mut self, least: u8, at: Span, sign: &str) -> Parsed<Tall> {
        if matches!(self.next_byte(), None | Some(b')' | b',')) {
            self.mistake(
                codes::MISSING_OPERAND
                    .at(at, format!("nothing stands after this `{sign}`"))
                    .help("type a field, a number or a \"text\" after it"),
            );
            return Ok(self.unread());
        }
        self.binary(least)
    }

    /// Stands for what could not be read, for the rest to be read.
    fn unread(&self) -> Tall {
        let span = Spanless(self.span(self.pos, self.pos));
        Tall { expr: Expr { kind: ExprKind::Unread, span }, height: 1, run: 0 }
    }

    fn unary(&mut self) -> Parsed<Tall> {
        self.skip_blank();
        let start = self.pos;
        let (len, least) = match self.peek() {
            Some(b'-' | b'+') => (1, SIGN_POWER),
            // Another way to write NOT.
            Some(b'!') if self.peek_at(1) != Some(b'=') => (1, NOT_POWER),
            _ if self.word_here().eq_ignore_ascii_case("not") => (3, NOT_POWER),
            _ => return self.primary(),
        };
        let sign = self.slice(start, start + len).to_owned();
        self.pos += len;
        let at = self.span_from(start);
        let inner = self.operand(least, at, &sign)?;
        let height = inner.height + 1;
        let inner = Box::new(inner.expr);
        let kind = match sign.as_str() {
            "-" => ExprKind::Negate(inner),
            "+" => ExprKind::Plus(inner),
            _ => ExprKind::Not(inner),
        };
        let span = Spanless(self.span_from(start));
        self.tall(Expr { kind, span }, height, 0)
    }

    fn primary(&mut self) -> Parsed<Tall> {
        let start = self.pos;
        let mut height = 1;
        let kind = match self.peek() {
            Some(b'(') => {
                self.pos += 1;
                if self.next_byte() == Some(b')') {
                    self.pos += 1;
                    let span = self.span_from(start);
                    return self.fail(
                        codes::EMPTY_PARENS
                            .at(span, "nothing stands in these parentheses")
                            .help("remove them, or type an expression inside"),
                    );
                }
                if self.peek().is_none() {
                    return self.unclosed(start);
                }
                let inner = self.binary(0)?;
                self.close(start)?;
                return Ok(inner);
            }
            Some(b'"') => ExprKind::Str(self.quoted()?),
            Some(b'\'') => ExprKind::Field(self.quoted()?),
            Some(b'[') => ExprKind::Subsearch(self.subsearch()?),
            Some(b'0'..=b'9') => self.number()?,
            Some(b'.') if self.peek_at(1).is_some_and(|b| b.is_ascii_digit()) => self.number()?,
            Some(b) if is_name(b) => {
                let (kind, tall) = self.name()?;
                height += tall;
                kind
            }
            None => {
                let span = self.span(start, start);
                return self.fail(
                    codes::MISSING_EXPRESSION
                        .at(span, "an expression is missing here")
                        .help("type a field, a number or a \"text\""),
                );
            }
            Some(_) => return self.no_left_side(),
        };
        let span = Spanless(self.span_from(start));
        self.tall(Expr { kind, span }, height, 0)
    }

    /// Reports what stands here in place of an operand.
    fn no_left_side(&mut self) -> Parsed<Tall> {
        let wanted = "a field, a number or a \"text\"";
        let Some(found) = self.operator_here() else { return self.unexpected(wanted) };
        let at = self.span(self.pos, self.pos + found.len);
        let sign = self.text.get(at.range()).unwrap_or("").to_owned();
        self.mistake(
            codes::MISSING_OPERAND
                .at(at, format!("nothing stands before this `{sign}`"))
                .help(format!("type {wanted} before it")),
        );
        Ok(self.unread())
    }

    /// A field, a call, `true` or `false`; with the height of what is inside.
    fn name(&mut self) -> Parsed<(ExprKind, u32)> {
        let start = self.pos;
        while self.peek().is_some_and(is_name) {
            self.pos += 1;
        }
        let word = self.slice(start, self.pos).to_owned();
        let name = Spanned::new(word, self.span_from(start));
        let after = self.pos;
        let open = self.next_byte() == Some(b'(');
        if open && !["and", "or", "xor"].iter().any(|k| k.eq_ignore_ascii_case(&name.value)) {
            let open = self.pos;
            let (args, height) = self.list(open)?;
            return Ok((ExprKind::Call { name, args }, height));
        }
        self.pos = after;
        if is_keyword(&name.value) {
            let word = &name.value;
            let diagnostic = codes::MISSING_OPERAND
                .at(name.span, format!("nothing stands before this `{word}`"))
                .help(format!("type a condition before it; a field of this name is '{word}'"));
            self.mistake(diagnostic);
            self.pos = start;
            return Ok((ExprKind::Unread, 0));
        }
        Ok(match name.value.as_str() {
            "true" => (ExprKind::Bool(true), 0),
            "false" => (ExprKind::Bool(false), 0),
            _ => (ExprKind::Field(name.value), 0),
        })
    }

    fn number(&mut self) -> Parsed<ExprKind> {
        let start = self.pos;
        let hex = self.peek() == Some(b'0') && matches!(self.peek_at(1), Some(b'x' | b'X'));
        while let Some(b) = self.peek() {
            let digit_next = self.peek_at(1).is_some_and(|b| b.is_ascii_digit());
            let sign = matches!(b, b'+' | b'-')
                && !hex
                && digit_next
                && matches!(self.bytes().get(self.pos.wrapping_sub(1)), Some(b'e' | b'E'))
                && self.slice(start, self.pos - 1).bytes().all(|b| b.is_ascii_digit() || b == b'.');
            if is_name(b) || sign || b == b'.' && digit_next {
                self.pos += 1;
            } else {
                break;
            }
        }
        let text = self.slice(start, self.pos).to_owned();
        let value = if hex {
            text.get(2..).and_then(|t| u64::from_str_radix(t, 16).ok()).map(|n| n as f64)
        } else {
            // "inf" and "nan" cannot come here: a number starts with a digit or a dot.
            text.parse::<f64>().ok()
        };
        match value {
            Some(value) => Ok(ExprKind::Num(value, text)),
            // A name such as `2fa_enabled`.
            None if !text.contains('.') => Ok(ExprKind::Field(text)),
            None => {
                let span = self.span_from(start);
                self.fail(
                    codes::BAD_NUMBER
                        .at(span, format!("`{text}` is not a number"))
                        .help(format!("a text is \"{text}\", a field '{text}'")),
                )
            }
        }
    }

    /// `(a, b)`; the place is at the `(`. With the greatest height inside.
    fn list(&mut self, open: usize) -> Parsed<(Vec<Expr>, u32)> {
        let open = if self.bytes().get(open) == Some(&b'(') { open } else { self.pos };
        self.pos += 1;
        let (mut items, mut height) = (Vec::new(), 0);
        if self.next_byte() == Some(b')') {
            self.pos += 1;
            return Ok((items, height));
        }
        loop {
            match self.next_byte() {
                None => return self.unclosed(open),
                Some(b',' | b')') => {
                    // A comma before `)` is let pass after a value, as in `IN ("a", "b",)`.
                    if self.peek() == Some(b')') && !items.is_empty() {
                        break;
                    }
                    let here = self.here();
                    self.mistake(
                        codes::MISSING_OPERAND
                            .at(here, "nothing stands before this comma")
                            .help("type a value before it, or remove it"),
                    );
                }
                Some(_) => {}
            }
            let item = self.list_item()?;
            height = height.max(item.height);
            items.push(item.expr);
            self.skip_blank();
            if !self.eat(b',') {
                break;
            }
        }
        self.close(open)?;
        Ok((items, height))
    }

    /// One item of a list; one that could not be read is passed, if the list goes on after it.
    fn list_item(&mut self) -> Parsed<Tall> {
        if matches!(self.peek(), Some(b',' | b')')) {
            return Ok(self.unread());
        }
        let start = self.pos;
        let item = self.binary(0).and_then(|item| match self.next_byte() {
            None | Some(b',' | b')') => Ok(item),
            Some(_) => self.unexpected("an operator, `,` or `)`"),
        });
        item.or_else(|stop| {
            self.recover(start, |b| b == b',' || b == b')');
            if self.peek().is_some() { Ok(self.unread()) } else { Err(stop) }
        })
    }

    fn operator_here(&self) -> Option<Found> {
        let found = |op, len| Some(Found { op: Op::Binary(op), not: false, len, power: power(op) });
        let equals = self.peek_at(1) == Some(b'=');
        match self.peek()? {
            b'=' if equals => found(BinOp::Eq, 2),
            b'=' => found(BinOp::Eq, 1),
            b'!' if equals => found(BinOp::Ne, 2),
            b'<' if equals => found(BinOp::Le, 2),
            b'<' => found(BinOp::Lt, 1),
            b'>' if equals => found(BinOp::Ge, 2),
            b'>' => found(BinOp::Gt, 1),
            b'+' => found(BinOp::Add, 1),
            b'-' => found(BinOp::Sub, 1),
            b'.' => found(BinOp::Concat, 1),
            b'*' => found(BinOp::Mul, 1),
            b'/' => found(BinOp::Div, 1),
            b'%' => found(BinOp::Rem, 1),
            _ => self.word_operator(),
        }
    }

    fn word_operator(&self) -> Option<Found> {
        let word = self.word_here().to_ascii_lowercase();
        let found = |op, power| Some(Found { op, not: false, len: word.len(), power });
        match word.as_str() {
            "and" => found(Op::Binary(BinOp::And), power(BinOp::And)),
            "or" => found(Op::Binary(BinOp::Or), power(BinOp::Or)),
            "xor" => found(Op::Binary(BinOp::Xor), power(BinOp::Xor)),
            "like" => found(Op::Binary(BinOp::Like), COMPARE_POWER),
            "in" => found(Op::In, COMPARE_POWER),
            "between" => found(Op::Between, COMPARE_POWER),
            "not" => {
                let rest = self.slice(self.pos + 3, self.end);
                let blank = rest.len() - rest.trim_start_matches(scan::is_blank_char).len();
                let next: String = rest
                    .trim_start_matches(scan::is_blank_char)
                    .chars()
                    .take_while(char::is_ascii_alphabetic)
                    .collect();
                let op = match next.to_ascii_lowercase().as_str() {
                    "in" => Op::In,
                    "like" => Op::Binary(BinOp::Like),
                    "between" => Op::Between,
                    _ => return None,
                };
                Some(Found { op, not: true, len: 3 + blank + next.len(), power: COMPARE_POWER })
            }
            _ => None,
        }
    }

    /// `a=1, 'b c'=2`
    pub(super) fn assignments(&mut self, name: &Spanned<String>) -> Parsed<Vec<Assignment>> {
        let mut list = Vec::new();
        if self.next_byte().is_none() {
            return self.fail(
                codes::MISSING_ASSIGNMENT
                    .at(name.span, format!("`{}` has nothing to assign", name.value))
                    .help(format!("type an assignment: `{} field=1`", name.value)),
            );
        }
        loop {
            self.skip_blank();
            let start = self.pos;
            match self.assignment() {
                Ok(assignment) => list.push(assignment),
                Err(_) => self.recover(start, |b| b == b','),
            }
            match self.next_byte() {
                None => return Ok(list),
                Some(_) => self.pos += 1,
            }
            if self.next_byte().is_none() {
                let span = self.span(self.pos - 1, self.pos);
                self.mistake(
                    codes::MISSING_OPERAND
                        .at(span, "no assignment follows this comma")
                        .help("remove it, or type another assignment"),
                );
                return Ok(list);
            }
        }
    }

    /// One assignment, up to a comma or the end.
    fn assignment(&mut self) -> Parsed<Assignment> {
        let target = self.target()?;
        let value = self.expr()?;
        match self.next_byte() {
            None | Some(b',') => Ok(Assignment { target, value }),
            Some(b')') => self.unmatched(),
            Some(_) => self.unexpected("an operator or a comma"),
        }
    }

    /// The name before `=`, and the `=`.
    fn target(&mut self) -> Parsed<Target> {
        self.skip_blank();
        let start = self.pos;
        let quoted = matches!(self.peek(), Some(b'"' | b'\''));
        let text = if quoted {
            self.quoted()?
        } else {
            while self.peek().is_some_and(|b| !scan::is_blank(b) && !b"=,()\"'|[]".contains(&b)) {
                self.pos += 1;
            }
            self.slice(start, self.pos).to_owned()
        };
        let span = self.span_from(start);
        let equals = self.next_byte() == Some(b'=') && self.peek_at(1) != Some(b'=');
        if !equals || text.is_empty() && !quoted {
            let span = if text.is_empty() { self.here() } else { span };
            return self.fail(
                codes::MISSING_ASSIGNMENT
                    .at(span, "expected an assignment, `field=expression`")
                    .help(format!(
                        "type `{}=` before the expression",
                        if text.is_empty() { "field" } else { &text }
                    )),
            );
        }
        self.pos += 1;
        if self.next_byte().is_none() {
            return self.fail(
                codes::MISSING_VALUE
                    .at(span, format!("nothing is assigned to `{text}`"))
                    .help("type an expression after `=`; the empty text is `\"\"`"),
            );
        }
        let parts = if quoted { None } else { dynamic(&text) };
        Ok(match parts {
            Some(parts) => Target::Dynamic(parts, Spanless(span)),
            None => Target::Field(Spanned::new(text, span)),
        })
    }
}

/// The parts of a name like `{kind}_count`. `{}` and `{0}` belong to a name.
fn dynamic(text: &str) -> Option<Vec<TargetPart>> {
    let (mut parts, mut rest, mut plain, mut any) = (Vec::new(), text, String::new(), false);
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        let (name, after) = after.split_once('}')?;
        if name.bytes().all(|b| b.is_ascii_digit()) {
            plain.push_str(&format!("{{{name}}}"));
        } else {
            any = true;
            if !plain.is_empty() {
                parts.push(TargetPart::Text(std::mem::take(&mut plain)));
            }
            parts.push(TargetPart::Field(name.to_owned()));
        }
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(TargetPart::Text(plain));
    }
    any.then_some(parts)
}
