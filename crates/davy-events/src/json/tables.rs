//! Rows of Azure Monitor's tables, of PowerShell's Graph module and of the portal's exports, brought
//! back to the records that they were made of, so that they get the same fields: sign-ins and
//! audits of Entra ID, audits of Microsoft 365, CloudTrail, Azure's activity log; GuardDuty's findings
//! as its command line gives them.
//!
//! Sources: Azure Monitor Logs reference, tables `SigninLogs`, `AuditLogs`, `OfficeActivity`,
//! `AWSCloudTrail`, `AzureActivity`, and the schemas of the diagnostic logs; the columns of the Entra
//! admin center's downloads; AWS CLI, `guardduty get-findings`; Microsoft Graph, `signIn` and `directoryAudit`.

use super::parse::Flat;
use crate::stamp;
use serde_json::{Map, Value};

/// A kind of row: the columns that tell it, what its record holds in any case, and where columns
/// go. Others go below `rest`, if it is there, with their first letter in lower case.
struct Table {
    columns: &'static [&'static str],
    fixed: &'static [(&'static str, &'static str)],
    names: &'static [(&'static str, &'static [&'static str])],
    rest: Option<&'static str>,
}

/// Columns that say where a row was kept.
const OTHER: [&str; 11] = [
    "Type",
    "SourceSystem",
    "MG",
    "ManagementGroupName",
    "ResourceGroup",
    "Resource",
    "ResourceProvider",
    "_ResourceId",
    "_SubscriptionId",
    "_BilledSize",
    "_IsBillable",
];

const SIGN_IN: &[(&str, &[&str])] = &[
    ("TimeGenerated", &["time"]),
    ("CreatedDateTime", &["time", "properties.createdDateTime"]),
    ("OperationName", &["operationName"]),
    ("OperationVersion", &["operationVersion"]),
    ("Category", &["category"]),
    ("ResultType", &["resultType", "properties.status.errorCode"]),
    ("ResultSignature", &["resultSignature"]),
    ("ResultDescription", &["resultDescription"]),
    ("DurationMs", &["durationMs"]),
    ("CorrelationId", &["correlationId", "properties.correlationId"]),
    ("Identity", &["identity"]),
    ("Level", &["level"]),
    ("Location", &["location"]),
    ("ResourceId", &["resourceId"]),
    ("TenantId", &["tenantId"]),
    ("AADTenantId", &["tenantId"]),
    ("IPAddress", &["callerIpAddress", "properties.ipAddress"]),
    ("IpAddress", &["callerIpAddress", "properties.ipAddress"]),
    ("LocationDetails", &["properties.location"]),
    ("Status", &["properties.status"]),
];

const AUDIT: &[(&str, &[&str])] = &[
    ("TimeGenerated", &["time"]),
    ("ActivityDateTime", &["time", "properties.activityDateTime"]),
    ("OperationName", &["operationName"]),
    ("ActivityDisplayName", &["operationName", "properties.activityDisplayName"]),
    ("OperationVersion", &["operationVersion"]),
    ("ResultSignature", &["resultSignature"]),
    ("ResultDescription", &["resultDescription"]),
    ("DurationMs", &["durationMs"]),
    ("CorrelationId", &["correlationId", "properties.correlationId"]),
    ("Identity", &["identity"]),
    ("Level", &["level"]),
    ("ResourceId", &["resourceId"]),
    ("TenantId", &["tenantId"]),
    ("AADTenantId", &["tenantId"]),
    ("AADOperationType", &["properties.operationType"]),
];

const TABLES: &[Table] = &[
    // `aws guardduty get-findings`: a finding, its names in upper case.
    Table {
        columns: &["AccountId", "Service", "Resource", "Severity", "SchemaVersion"],
        fixed: &[],
        names: &[],
        rest: Some(""),
    },
    Table {
        columns: &["TimeGenerated", "ResultType", "AppDisplayName"],
        fixed: &[("category", "SignInLogs"), ("operationName", "Sign-in activity")],
        names: SIGN_IN,
        rest: Some("properties."),
    },
    Table {
        columns: &["CreatedDateTime", "AppDisplayName", "UserPrincipalName", "Status"],
        fixed: &[("category", "SignInLogs"), ("operationName", "Sign-in activity")],
        names: SIGN_IN,
        rest: Some("properties."),
    },
    Table {
        columns: &["TimeGenerated", "OperationName", "InitiatedBy", "TargetResources"],
        fixed: &[("category", "AuditLogs")],
        names: AUDIT,
        rest: Some("properties."),
    },
    Table {
        columns: &["ActivityDateTime", "ActivityDisplayName", "InitiatedBy", "TargetResources"],
        fixed: &[("category", "AuditLogs")],
        names: AUDIT,
        rest: Some("properties."),
    },
    Table {
        columns: &["TimeGenerated", "OfficeWorkload", "Operation"],
        fixed: &[],
        names: &[
            ("TimeGenerated", &["CreationTime"]),
            ("OfficeWorkload", &["Workload"]),
            ("OfficeObjectId", &["ObjectId"]),
            ("OfficeId", &["Id"]),
            ("OfficeTenantId", &["OrganizationId"]),
            ("Site_Url", &["SiteUrl"]),
            ("RecordType", &["RecordType"]),
            ("UserId", &["UserId"]),
            ("Operation", &["Operation"]),
            ("Client_IPAddress", &["ClientIPAddress"]),
            ("Actor", &["Actor"]),
        ],
        rest: Some("="),
    },
    Table {
        columns: &["TimeGenerated", "EventName", "EventSource", "EventTypeName"],
        fixed: &[("eventVersion", "1.08")],
        names: &[
            ("TimeGenerated", &["eventTime"]),
            ("AwsEventId", &["eventID"]),
            ("AwsRequestId", &["requestID"]),
            ("AWSRegion", &["awsRegion"]),
            ("EventTypeName", &["eventType"]),
            ("SourceIpAddress", &["sourceIPAddress"]),
            ("TlsVersionDetails", &["tlsDetails.tlsVersion"]),
            ("UserIdentityType", &["userIdentity.type"]),
            ("UserIdentityPrincipalid", &["userIdentity.principalId"]),
            ("UserIdentityArn", &["userIdentity.arn"]),
            ("UserIdentityAccountId", &["userIdentity.accountId"]),
            ("UserIdentityAccessKeyId", &["userIdentity.accessKeyId"]),
            ("UserIdentityUserName", &["userIdentity.userName"]),
            ("UserIdentityInvokedBy", &["userIdentity.invokedBy"]),
            (
                "SessionMfaAuthenticated",
                &["userIdentity.sessionContext.attributes.mfaAuthenticated"],
            ),
            ("SessionCreationDate", &["userIdentity.sessionContext.attributes.creationDate"]),
            ("SessionIssuerType", &["userIdentity.sessionContext.sessionIssuer.type"]),
            (
                "SessionIssuerPrincipalId",
                &["userIdentity.sessionContext.sessionIssuer.principalId"],
            ),
            ("SessionIssuerArn", &["userIdentity.sessionContext.sessionIssuer.arn"]),
            ("SessionIssuerAccountId", &["userIdentity.sessionContext.sessionIssuer.accountId"]),
            ("SessionIssuerUserName", &["userIdentity.sessionContext.sessionIssuer.userName"]),
        ],
        rest: Some(""),
    },
    Table {
        columns: &["TimeGenerated", "OperationNameValue", "Caller", "Authorization"],
        fixed: &[],
        names: &[
            ("TimeGenerated", &["eventTimestamp"]),
            ("OperationNameValue", &["operationName.value"]),
            ("OperationName", &["operationName.localizedValue"]),
            ("ActivityStatus", &["status.value"]),
            ("ActivityStatusValue", &["status.value"]),
            ("ActivitySubstatus", &["subStatus.localizedValue"]),
            ("ActivitySubstatusValue", &["subStatus.value"]),
            ("Category", &["category.localizedValue"]),
            ("CategoryValue", &["category.value"]),
            ("HTTPRequest", &["httpRequest"]),
            ("ResourceGroup", &["resourceGroupName"]),
            ("ResourceProviderValue", &["resourceProviderName.value"]),
            ("_ResourceId", &["resourceId"]),
        ],
        rest: Some(""),
    },
    Table {
        columns: &["Date (UTC)", "Request ID", "Username", "Application"],
        fixed: &[("category", "SignInLogs"), ("operationName", "Sign-in activity")],
        names: &[
            ("Date (UTC)", &["time", "properties.createdDateTime"]),
            ("Request ID", &["properties.id"]),
            ("User agent", &["properties.userAgent"]),
            ("Correlation ID", &["correlationId", "properties.correlationId"]),
            ("User ID", &["properties.userId"]),
            ("User", &["identity", "properties.userDisplayName"]),
            ("Username", &["properties.userPrincipalName"]),
            ("User type", &["properties.userType"]),
            ("Incoming token type", &["properties.incomingTokenType"]),
            ("Authentication Protocol", &["properties.authenticationProtocol"]),
            ("Unique token identifier", &["properties.uniqueTokenIdentifier"]),
            ("Application", &["properties.appDisplayName"]),
            ("Application ID", &["properties.appId"]),
            ("Resource", &["properties.resourceDisplayName"]),
            ("Resource ID", &["properties.resourceId"]),
            ("IP address", &["callerIpAddress", "properties.ipAddress"]),
            ("Sign-in error code", &["resultType", "properties.status.errorCode"]),
            ("Failure reason", &["resultDescription", "properties.status.failureReason"]),
            ("Client app", &["properties.clientAppUsed"]),
            ("Device ID", &["properties.deviceDetail.deviceId"]),
            ("Browser", &["properties.deviceDetail.browser"]),
            ("Operating System", &["properties.deviceDetail.operatingSystem"]),
            ("Join Type", &["properties.deviceDetail.trustType"]),
            ("Multifactor authentication result", &["properties.status.additionalDetails"]),
            ("Multifactor authentication auth method", &["properties.mfaDetail.authMethod"]),
            ("Multifactor authentication auth detail", &["properties.mfaDetail.authDetail"]),
            ("Authentication requirement", &["properties.authenticationRequirement"]),
            ("Session ID", &["properties.sessionId"]),
        ],
        rest: None,
    },
    Table {
        columns: &["Date (UTC)", "Activity", "Service", "ActorType"],
        fixed: &[("category", "AuditLogs")],
        names: &[
            ("Date (UTC)", &["time", "properties.activityDateTime"]),
            ("CorrelationId", &["correlationId", "properties.correlationId"]),
            ("Service", &["properties.loggedByService"]),
            ("Category", &["properties.category"]),
            ("Activity", &["operationName", "properties.activityDisplayName"]),
            ("Result", &["properties.result"]),
            ("ResultReason", &["properties.resultReason"]),
            ("ActorDisplayName", &["identity", "properties.initiatedBy.user.displayName"]),
            ("ActorObjectId", &["properties.initiatedBy.user.id"]),
            ("ActorUserPrincipalName", &["properties.initiatedBy.user.userPrincipalName"]),
            ("IPAddress", &["callerIpAddress", "properties.initiatedBy.user.ipAddress"]),
            ("ActorServicePrincipalId", &["properties.initiatedBy.app.servicePrincipalId"]),
            ("ActorServicePrincipalName", &["properties.initiatedBy.app.displayName"]),
        ],
        rest: None,
    },
];

fn table<'n>(has: impl Fn(&str) -> bool + 'n) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.columns.iter().all(|column| has(column)))
}

/// Whether rows with these columns are of a kind that is known.
pub(super) fn fits(names: &[String]) -> bool {
    table(|column| names.iter().any(|name| name.trim() == column)).is_some()
}

/// The record that a row is of, as JSON.
pub(super) fn record(flat: &Flat, raw: &str, now: f64) -> Option<String> {
    let dated = |name: &str| {
        matches!(name, "TimeGenerated" | "Date (UTC)" | "CreatedDateTime" | "ActivityDateTime")
    };
    let told = |(name, _): &(String, _)| dated(name) || name == "SchemaVersion";
    flat.members.iter().any(told).then_some(())?;
    let table = table(|column| flat.members.iter().any(|(name, _)| name.trim() == column))?;
    let Ok(Value::Object(row)) = serde_json::from_str(raw) else { return None };
    let mut out = Map::new();
    for (path, value) in table.fixed {
        put(&mut out, path, Value::from(*value));
    }
    let mut later = Vec::new();
    for (name, value) in row {
        let (name, value) = (name.trim(), whole(value, dated(name.trim()), now));
        match table.names.iter().find(|(column, _)| *column == name) {
            Some((_, paths)) => {
                paths.iter().for_each(|path| later.push(((*path).to_owned(), value.clone())));
            }
            None if OTHER.contains(&name) && table.columns.iter().any(|name| dated(name)) => {}
            None => match table.rest {
                Some("=") => later.push((name.to_owned(), value)),
                Some(prefix) => later.push(([prefix, &lowered(name)].concat(), deep(value))),
                None => aside(&mut out, name, &value),
            },
        }
    }
    // An object before what is known of its members besides.
    later.sort_by_key(|(_, value)| !value.is_object());
    for (path, value) in later {
        put(&mut out, &path, if path.starts_with("properties") { deep(value) } else { value });
    }
    Some(Value::Object(out).to_string())
}

/// What the portal's columns say that are no plain names of a place.
fn aside(out: &mut Map<String, Value>, name: &str, value: &Value) {
    let text = value.as_str().unwrap_or_default();
    let mut set = |path: &str, text: &str| put(out, path, Value::from(text));
    match name {
        "Location" => {
            let parts: Vec<&str> = text.split(", ").collect();
            if let [city, state, country] = parts.as_slice() {
                set("location", country);
                set("properties.location.city", city);
                set("properties.location.state", state);
                set("properties.location.countryOrRegion", country);
            }
        }
        "Status" if text == "Success" => {
            set("resultType", "0");
            set("properties.status.errorCode", "0");
        }
        "Conditional Access" => {
            let words: String = text.split(' ').collect();
            set("properties.conditionalAccessStatus", &lowered(&words));
        }
        _ => {
            target(out, name, text);
        }
    }
}

/// `Target1DisplayName`, `Target1ModifiedProperty2NewValue`: lists whose places are numbers.
fn target(out: &mut Map<String, Value>, name: &str, text: &str) -> Option<()> {
    let (number, part) = numbered(name.strip_prefix("Target")?)?;
    let properties = out.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    let target = item(properties, "targetResources", number)?;
    let (at, name) = match part.strip_prefix("ModifiedProperty") {
        Some(rest) => {
            let (number, part) = numbered(rest)?;
            let name = if part == "Name" { "displayName" } else { part };
            (item(target, "modifiedProperties", number)?, name)
        }
        None => (target, if part == "ObjectId" { "id" } else { part }),
    };
    at.as_object_mut()?.insert(lowered(name), Value::from(text));
    Some(())
}

/// The number that a name begins with, and the rest.
fn numbered(name: &str) -> Option<(usize, &str)> {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = name.split_at_checked(digits)?;
    Some((number.parse().ok().filter(|n| (1..=20).contains(n))?, rest))
}

/// The object at a place of a list, counted from one.
fn item<'v>(of: &'v mut Value, list: &str, number: usize) -> Option<&'v mut Value> {
    let list = of.as_object_mut()?.entry(list).or_insert_with(|| Value::Array(Vec::new()));
    let list = list.as_array_mut()?;
    while list.len() < number {
        list.push(Value::Object(Map::new()));
    }
    list.get_mut(number - 1)
}

/// A cell as what it was: JSON where it is the text of an object or a list, a date as records
/// write it.
fn whole(value: Value, dated: bool, now: f64) -> Value {
    let Value::String(text) = &value else { return value };
    if text.starts_with(['{', '[']) {
        return serde_json::from_str(text).unwrap_or(value);
    }
    let time = if dated { stamp::value(text, now) } else { None };
    let stamped = time.filter(|_| !text.ends_with('Z'));
    match stamped.and_then(|t| jiff::Timestamp::from_microsecond((t * 1e6).round() as i64).ok()) {
        Some(time) => Value::from(time.to_string()),
        None => value,
    }
}

fn lowered(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// An object whose members begin in lower case, all the way down.
fn deep(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| (lowered(&name), deep(value));
            Value::Object(members.into_iter().map(member).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(deep).collect()),
        value => value,
    }
}

/// Sets the member at a path; one that is there in any case gives way, one of the same record does
/// not.
fn put(into: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        Some((head, rest)) => {
            let below = into.entry(head).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(below) = below
                && !below.contains_key(rest)
            {
                put(below, rest, value);
            }
        }
        None => {
            into.insert(path.to_owned(), value);
        }
    }
}
