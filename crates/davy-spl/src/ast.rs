//! The tree of a search. Every node knows where it was written; equality ignores places.

use davy_diag::{Span, Spanned};
use serde::{Deserialize, Serialize};

/// Commands from left to right.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    pub stages: Vec<Stage>,
    pub span: Spanless,
}

/// One command with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Lower case; `search` where a search starts with its terms.
    pub name: Spanned<String>,
    /// The command's name was left out (only the first stage of a pipeline, then it is `search`).
    pub implicit: bool,
    pub args: Args,
    /// From the command's name to its last argument.
    pub span: Spanless,
}

/// A place that equality ignores.
#[derive(Debug, Clone, Copy)]
pub struct Spanless(pub Span);

impl Default for Spanless {
    fn default() -> Self {
        Spanless(Span::NOWHERE)
    }
}

impl PartialEq for Spanless {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// The eight shapes of arguments. A command names its shape; the parser knows no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// A search expression: `search`.
    Search,
    /// One eval expression: `where`.
    Where,
    /// Assignments separated by commas: `eval`, `fieldformat`.
    Eval,
    /// Words, quoted strings, `key=value`, calls, subsearches: most commands.
    General,
    /// As `General`, but what stands in brackets is a template, kept as text: `foreach`.
    Template,
    /// Words and options, then `where` with a search expression and `by` with words: `tstats`.
    Tstats,
    /// The text as it stands.
    Raw,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Args {
    /// `None`: no terms at all, which matches everything.
    Search(Option<SearchExpr>),
    Where(Expr),
    Eval(Vec<Assignment>),
    /// Also for `Template`.
    General(Vec<Arg>),
    Tstats(TstatsArgs),
    Raw(Spanned<String>),
    /// Not all of the arguments could be read; a diagnostic says why. What could be is inside, for
    /// the mistakes in it to be told as well: it is never run.
    Broken(Option<Box<Args>>),
}

/// `tstats` and `mstats`: what stands before `where`, the filter, and what stands after `by`.
#[derive(Debug, Clone, PartialEq)]
pub struct TstatsArgs {
    pub head: Vec<Arg>,
    pub filter: Option<SearchExpr>,
    /// `by` was written, perhaps with nothing after it.
    pub grouped: bool,
    pub by: Vec<Arg>,
}

/// `target=expr`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    pub target: Target,
    pub value: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    Field(Spanned<String>),
    /// A name with the value of other fields in it: `eval {kind}_count=1`. Literal parts and field
    /// names in turn.
    Dynamic(Vec<TargetPart>, Spanless),
}

#[derive(Debug, Clone, PartialEq)]
pub enum TargetPart {
    Text(String),
    Field(String),
}

/// An item of a `General` command.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    pub kind: ArgKind,
    pub span: Spanless,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ArgKind {
    /// A bare word: a field, a keyword, a number, a wildcard, `-field`, `+field`.
    Word(String),
    /// A "double quoted" string. `\"` and `\\` are resolved to `"` and `\`; any other backslash
    /// stays, so that `"\d+"` is the regex it looks like and `"\\\\"` one that finds a backslash.
    Quoted(String),
    /// A 'single quoted' field name.
    FieldQuoted(String),
    Comma,
    /// A `-` or `+` or other sign that stands alone.
    Sign(char),
    /// `key=value`, `key!=value`.
    Option {
        key: Spanned<String>,
        not: bool,
        value: Box<Arg>,
    },
    /// `name(args)`: an aggregation, `ctime(x)`, `auto(*)`. Inside `eval(...)` stands an
    /// expression, elsewhere items of this kind again.
    Call {
        name: Spanned<String>,
        args: CallArgs,
    },
    /// What stands between parentheses that follow no name, as written (without them). The span
    /// is that of the inner text. The command says how to read it: see `parse_expr_at`.
    Group(String),
    /// `[ ... ]`
    Subsearch(Pipeline),
    /// `[ ... ]` of a `Template` command, as written, without the brackets; span of the inner text.
    Template(String),
}

#[derive(Debug, Clone, PartialEq)]
pub enum CallArgs {
    Items(Vec<Arg>),
    Eval(Box<Expr>),
}

/// The `search` command's own language. It can be kept, without its places, unless it holds a
/// search in brackets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SearchExpr {
    /// Empty for `()`, which matches everything.
    And(Vec<SearchExpr>),
    Or(Vec<SearchExpr>),
    Not(Box<SearchExpr>, #[serde(skip)] Spanless),
    Compare {
        field: Spanned<String>,
        op: Spanned<CmpOp>,
        value: SearchValue,
    },
    In {
        field: Spanned<String>,
        values: Vec<SearchValue>,
        #[serde(skip)]
        span: Spanless,
    },
    /// A word or phrase in the raw event; `*` matches everything, as the empty phrase does, which is
    /// kept as one.
    Term(SearchValue),
    /// `TERM(...)`: one indexed token, as written.
    IndexedTerm(SearchValue),
    /// `CASE(...)`: a case-sensitive word, or `field=CASE(value)` with the field.
    Case {
        field: Option<Spanned<String>>,
        value: SearchValue,
    },
    /// `earliest=-1h`, `latest=now`, `starttime=`, `index_earliest=`, `starthoursago=` ...
    Time {
        key: Spanned<String>,
        value: SearchValue,
    },
    // What is not kept stands last: kept variants are counted without it.
    #[serde(skip)]
    Subsearch(Pipeline, Spanless),
    /// `field=[search ...]`, `field IN ([search ...])`: compared with the text that a search gives.
    /// `op` is `None` for `IN`.
    #[serde(skip)]
    CompareSub {
        field: Spanned<String>,
        op: Option<Spanned<CmpOp>>,
        pipeline: Pipeline,
        span: Spanless,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchValue {
    /// Escapes `\"`, `\\` and, in a bare word, `\|` resolved. `*` is a wildcard in both.
    pub text: String,
    pub quoted: bool,
    #[serde(skip)]
    pub span: Spanless,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CmpOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// An eval expression. It can be kept, without its places, unless it holds a search in brackets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    pub kind: ExprKind,
    #[serde(skip)]
    pub span: Spanless,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ExprKind {
    /// Bare or 'single quoted'.
    Field(String),
    Str(String),
    /// The value and the text as written.
    Num(f64, String),
    /// The bare words `true` and `false`.
    Bool(bool),
    /// What could not be read; only inside `Args::Broken`.
    Unread,
    Call {
        name: Spanned<String>,
        args: Vec<Expr>,
    },
    /// `-x`
    Negate(Box<Expr>),
    /// `+x`
    Plus(Box<Expr>),
    Not(Box<Expr>),
    Binary {
        op: Spanned<BinOp>,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// Very many operands of one binding strength, from the left: `a OR b OR c …`. As `Binary` each
    /// would be a level of the tree, and trees are walked by recursion.
    Chain {
        first: Box<Expr>,
        rest: Vec<(Spanned<BinOp>, Expr)>,
    },
    /// `x IN (a, b)`
    In {
        value: Box<Expr>,
        list: Vec<Expr>,
    },
    /// `x BETWEEN a AND b`
    Between {
        value: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
    },
    #[serde(skip)]
    Subsearch(Pipeline),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BinOp {
    Or,
    Xor,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Like,
    Add,
    Sub,
    Concat,
    Mul,
    Div,
    Rem,
}
