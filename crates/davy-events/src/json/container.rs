//! Objects that only hold an array of events: CloudTrail's files (`Records`), exports of Azure
//! Monitor (`records`), Microsoft Graph (`value`), Google's Reports API and lists of Kubernetes
//! (`items`), of Cloud Logging (`entries`), answers of AWS's command line (`Events`, `Findings`), what CloudWatch Logs hands on
//! (`logEvents`), Proofpoint's SIEM API, results of Splunk (`results`), of Elasticsearch (`hits` in `hits`).

const NAMES: [&[u8]; 20] = [
    b"Records",
    b"records",
    b"value",
    b"items",
    b"Events",
    b"events",
    b"Findings",
    b"findings",
    b"hits",
    b"logEvents",
    b"entries",
    b"results",
    b"data",
    b"messages",
    b"resources",
    b"alerts",
    b"messagesDelivered",
    b"messagesBlocked",
    b"clicksPermitted",
    b"clicksBlocked",
];

/// How much stands before the first object of the array, if the text begins with such a member,
/// maybe behind others; and in how many objects the array is. Members that hold lists and objects
/// are only passed over with `deep`, since that takes reading them.
pub(super) fn start(text: &[u8], deep: bool) -> Option<(usize, usize)> {
    let mut at = blank(text, 0);
    (text.get(at) == Some(&b'{')).then_some(())?;
    at += 1;
    let mut depth = 1;
    for _ in 0..12 {
        at = blank(text, at);
        let (name, after) = string(text, at)?;
        at = blank(text, after);
        (text.get(at) == Some(&b':')).then_some(())?;
        at = blank(text, at + 1);
        if text.get(at) == Some(&b'[') {
            let first = blank(text, at + 1);
            let holds = NAMES.contains(&name) && text.get(first) == Some(&b'{');
            if holds || !deep {
                return holds.then_some((at + 1, depth));
            }
        }
        at = match text.get(at)? {
            b'"' => string(text, at)?.1,
            b'{' if name == b"hits" && depth == 1 => {
                depth += 1;
                at += 1;
                continue;
            }
            // What an answer says of itself before.
            b'{' if deep || matches!(name, b"_shards" | b"total") => at + object(text.get(at..)?)?,
            b'[' => at + object(text.get(at..)?)?,
            b'{' => return None,
            _ => at + text.get(at..)?.iter().position(|b| matches!(b, b',' | b'}'))?,
        };
        at = blank(text, at);
        (text.get(at) == Some(&b',')).then_some(())?;
        at += 1;
    }
    None
}

pub(super) enum End {
    /// The object ends after so many bytes.
    Of(usize),
    /// After so many bytes another array of the object begins.
    Another(usize),
    /// It takes more text to tell.
    Later,
    /// Another event comes.
    No,
}

/// Whether the array is over: the object closes here, or has more members before it does.
pub(super) fn end(text: &[u8]) -> End {
    match text.first() {
        Some(b'}') => return End::Of(1),
        Some(b'"') => {}
        _ => return End::No,
    }
    // The next array of events, where there is one.
    let mut at = 0;
    while let Some((name, after)) = string(text, at) {
        at = blank(text, after);
        if text.get(at) != Some(&b':') {
            break;
        }
        at = blank(text, at + 1);
        let Some(byte) = text.get(at) else { return End::Later };
        let first = blank(text, at + 1);
        if *byte == b'[' && NAMES.contains(&name) && text.get(first) == Some(&b'{') {
            return End::Another(at + 1);
        }
        let rest = text.get(at..).unwrap_or_default();
        let size = match byte {
            b'"' => string(text, at).map(|(_, end)| end - at),
            b'{' | b'[' => object(rest),
            _ => rest.iter().position(|b| matches!(b, b',' | b'}')),
        };
        let Some(size) = size else { return End::Later };
        at = blank(text, at + size);
        if text.get(at) != Some(&b',') {
            break;
        }
        at = blank(text, at + 1);
    }
    match text.get(at) {
        Some(b'}') => End::Of(at + 1),
        Some(_) => closed(text, 1).map_or(End::Later, End::Of),
        None => End::Later,
    }
}

/// How long the object or list at the start of the text is.
fn object(text: &[u8]) -> Option<usize> {
    closed(text.get(1..)?, 1).map(|size| size + 1)
}

/// Where so many objects and lists are closed.
fn closed(text: &[u8], mut depth: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at = string(text, at)?.1;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn blank(text: &[u8], at: usize) -> usize {
    at + text.iter().skip(at).take_while(|b| b.is_ascii_whitespace()).count()
}

/// A string literal and where it ends.
fn string(text: &[u8], at: usize) -> Option<(&[u8], usize)> {
    (text.get(at) == Some(&b'"')).then_some(())?;
    let mut end = at + 1;
    loop {
        let hit = end + memchr::memchr2(b'"', b'\\', text.get(end..)?)?;
        match text.get(hit)? {
            b'"' => return Some((text.get(at + 1..hit)?, hit + 1)),
            _ => end = hit + 2,
        }
    }
}
