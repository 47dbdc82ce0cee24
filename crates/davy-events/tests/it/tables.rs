//! Rows of tables are the records that they were made of: what add-ons know by the records' names
//! is found under these.

use crate::{Row, read, stream};
use serde_json::json;

fn one(text: &str) -> (Row, f64) {
    let whole = read(text.as_bytes());
    assert!(whole.problems.is_empty(), "{:?}: {text}", whole.problems);
    assert_eq!(whole.rows, stream(text.as_bytes()).rows, "{text}");
    assert_eq!(whole.rows.len(), 1, "{text}");
    (whole.rows[0].clone(), whole.times[0])
}

fn has(row: &Row, wanted: &[(&str, &str)]) {
    for (name, value) in wanted {
        assert_eq!(row.get(*name).map(String::as_str), Some(*value), "{name} of {row:#?}");
    }
}

const TIME: f64 = 1_777_887_000.123;

const SIGNED_IN: [(&str, &str); 8] = [
    ("sourcetype", "azure:monitor:aad"),
    ("source", "Azure AD"),
    ("category", "SignInLogs"),
    ("properties.userPrincipalName", "ann@mine.example"),
    ("properties.appDisplayName", "Azure Portal"),
    ("properties.ipAddress", "203.0.113.9"),
    ("callerIpAddress", "203.0.113.9"),
    ("properties.status.errorCode", "50126"),
];

// Azure Monitor Logs reference, SigninLogs; its columns as JSON and as the portal's CSV.
#[test]
fn sign_ins_of_log_analytics() {
    let row = json!({"TenantId": "t1", "TimeGenerated": "2026-05-04T09:30:00.123Z",
        "OperationName": "Sign-in activity", "Category": "SignInLogs", "ResultType": "50126",
        "Identity": "Ann", "AppDisplayName": "Azure Portal", "IPAddress": "203.0.113.9",
        "DeviceDetail": {"browser": "Chrome"}, "LocationDetails": {"city": "Oslo"}, "Location": "NO",
        "Status": {"errorCode": 50126}, "UserPrincipalName": "ann@mine.example", "Type": "SigninLogs"});
    let (event, time) = one(&row.to_string());
    has(&event, &SIGNED_IN);
    has(
        &event,
        &[
            ("properties.deviceDetail.browser", "Chrome"),
            ("properties.location.city", "Oslo"),
            ("location", "NO"),
        ],
    );
    assert_eq!(time, TIME);
    let table = "TenantId,TimeGenerated [UTC],OperationName,Category,ResultType,AppDisplayName,DeviceDetail,IPAddress,Status,UserPrincipalName,Type\nt1,\"5/4/2026, 9:30:00.123 AM\",Sign-in activity,SignInLogs,50126,Azure Portal,\"{\"\"browser\"\":\"\"Chrome\"\"}\",203.0.113.9,\"{\"\"errorCode\"\":50126}\",ann@mine.example,SigninLogs\n";
    let (event, time) = one(table);
    has(&event, &SIGNED_IN);
    has(
        &event,
        &[("properties.deviceDetail.browser", "Chrome"), ("time", "2026-05-04T09:30:00.123Z")],
    );
    assert_eq!(time, TIME);
}

// `Get-MgAuditLogSignIn | ConvertTo-Json`: the names of Microsoft Graph's `signIn` in upper case.
#[test]
fn sign_ins_of_powershell() {
    let row = json!({"CreatedDateTime": "2026-05-04T09:30:00.123Z", "AppDisplayName": "Azure Portal",
        "UserPrincipalName": "ann@mine.example", "IPAddress": "203.0.113.9",
        "Status": {"ErrorCode": 50126, "FailureReason": "no"}});
    let (event, time) = one(&row.to_string());
    has(&event, &SIGNED_IN);
    assert_eq!(time, TIME);
}

// The Entra admin center's download of sign-ins.
#[test]
fn sign_ins_of_the_portal() {
    let table = "\"Date (UTC)\",\"Request ID\",\"User agent\",\"Correlation ID\",\"User ID\",\"User\",\"Username\",\"Application\",\"Application ID \",\"IP address\",\"Location\",\"Status\",\"Sign-in error code\",\"Failure reason\",\"Conditional Access\"\n\"2026-05-04T09:30:00Z\",\"r1\",\"Mozilla/5.0\",\"c1\",\"u1\",\"Ann\",\"ann@mine.example\",\"Azure Portal\",\"c44b\",\"203.0.113.9\",\"Oslo, Ost, NO\",\"Failure\",\"50126\",\"Invalid\",\"Not Applied\"\n";
    let (event, _) = one(table);
    has(&event, &SIGNED_IN);
    has(
        &event,
        &[
            ("properties.appId", "c44b"),
            ("properties.location.city", "Oslo"),
            ("location", "NO"),
            ("properties.status.failureReason", "Invalid"),
            ("properties.conditionalAccessStatus", "notApplied"),
        ],
    );
    let good = table.replace("\"Failure\",\"50126\",\"Invalid\"", "\"Success\",\"\",\"\"");
    has(&one(&good).0, &[("properties.status.errorCode", "0"), ("resultType", "0")]);
}

const AUDITED: [(&str, &str); 7] = [
    ("sourcetype", "azure:monitor:aad"),
    ("category", "AuditLogs"),
    ("operationName", "Add member to role"),
    ("properties.result", "success"),
    ("properties.initiatedBy.user.userPrincipalName", "ann@mine.example"),
    ("properties.targetResources{}.userPrincipalName", "bo@mine.example"),
    ("properties.targetResources{}.modifiedProperties{}.newValue", "\"Global Administrator\""),
];

#[test]
fn audits_of_entra_id() {
    let row = json!({"TimeGenerated": "2026-05-04T09:30:00.123Z", "OperationName": "Add member to role",
        "Category": "RoleManagement", "Result": "success", "LoggedByService": "Core Directory",
        "InitiatedBy": {"user": {"userPrincipalName": "ann@mine.example"}},
        "TargetResources": [{"userPrincipalName": "bo@mine.example", "modifiedProperties":
            [{"displayName": "Role.DisplayName", "newValue": "\"Global Administrator\""}]}]});
    let (event, time) = one(&row.to_string());
    has(&event, &AUDITED);
    has(&event, &[("properties.category", "RoleManagement")]);
    assert_eq!(time, TIME);
    let table = "Date (UTC),CorrelationId,Service,Category,Activity,Result,ActorType,ActorDisplayName,ActorUserPrincipalName,IPAddress,Target1Type,Target1UserPrincipalName,Target1ModifiedProperty1Name,Target1ModifiedProperty1NewValue\n2026-05-04T09:30:00.123Z,c1,Core Directory,RoleManagement,Add member to role,success,User,Ann,ann@mine.example,203.0.113.9,User,bo@mine.example,Role.DisplayName,\"\"\"Global Administrator\"\"\"\n";
    let (event, time) = one(table);
    has(&event, &AUDITED);
    has(
        &event,
        &[
            ("properties.targetResources{}.type", "User"),
            ("properties.targetResources{}.modifiedProperties{}.displayName", "Role.DisplayName"),
        ],
    );
    assert_eq!(time, TIME);
}

// Azure Monitor Logs reference, OfficeActivity, AWSCloudTrail, AzureActivity.
#[test]
fn other_tables_of_log_analytics() {
    let office = json!({"TimeGenerated": "2026-05-04T09:30:00.123Z", "OfficeWorkload": "Exchange",
        "Operation": "New-InboxRule", "RecordType": "ExchangeAdmin", "UserId": "ann@mine.example",
        "ClientIP": "203.0.113.9", "OfficeObjectId": "rule"});
    has(
        &one(&office.to_string()).0,
        &[
            ("sourcetype", "o365:management:activity"),
            ("Workload", "Exchange"),
            ("Operation", "New-InboxRule"),
            ("ObjectId", "rule"),
            ("ClientIP", "203.0.113.9"),
        ],
    );
    let trail = json!({"TimeGenerated": "2026-05-04T09:30:00.123Z", "EventName": "CreateUser",
        "EventSource": "iam.amazonaws.com", "EventTypeName": "AwsApiCall", "AWSRegion": "us-east-1",
        "SourceIpAddress": "203.0.113.9", "UserIdentityType": "IAMUser", "UserIdentityUserName": "ann",
        "RequestParameters": "{\"userName\":\"bo\"}"});
    let (event, time) = one(&trail.to_string());
    has(
        &event,
        &[
            ("sourcetype", "aws:cloudtrail"),
            ("eventName", "CreateUser"),
            ("sourceIPAddress", "203.0.113.9"),
            ("userIdentity.userName", "ann"),
            ("requestParameters.userName", "bo"),
        ],
    );
    assert_eq!(time, TIME);
    let activity = json!({"TimeGenerated": "2026-05-04T09:30:00.123Z", "Caller": "ann@mine.example",
        "OperationNameValue": "MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE", "OperationName": "Create VM",
        "ActivityStatusValue": "Success", "Authorization": "{\"action\":\"Microsoft.Compute/write\"}"});
    has(
        &one(&activity.to_string()).0,
        &[
            ("sourcetype", "mscs:azure:audit"),
            ("caller", "ann@mine.example"),
            ("operationName.localizedValue", "Create VM"),
            ("authorization.action", "Microsoft.Compute/write"),
            ("status.value", "Success"),
        ],
    );
}

// A row of cells whose names another kind's members are.
#[test]
fn rows_of_known_kinds_and_of_none() {
    let table = "eventVersion,eventTime,eventSource,eventName,awsRegion\n1.08,2026-05-04T09:30:00Z,iam.amazonaws.com,CreateUser,us-east-1\n";
    has(&one(table).0, &[("sourcetype", "aws:cloudtrail"), ("eventName", "CreateUser")]);
    let plain = "TimeGenerated,Name\n2026-05-04T09:30:00Z,x\n";
    has(&one(plain).0, &[("sourcetype", "csv"), ("Name", "x")]);
}

// The downloads of CloudTrail's console, of Okta's system log, of a device's timeline in Defender.
#[test]
fn downloads_of_consoles() {
    let trail = "User name,AWS access key,Event name,Event source,Event time,Source IP address,AWS region,Error code\nann,AKIA,CreateUser,iam.amazonaws.com,2026-05-04T09:30:00Z,203.0.113.9,us-east-1,\n";
    let (event, time) = one(trail);
    has(
        &event,
        &[
            ("sourcetype", "aws:cloudtrail"),
            ("eventName", "CreateUser"),
            ("userIdentity.userName", "ann"),
            ("sourceIPAddress", "203.0.113.9"),
        ],
    );
    assert_eq!(time, 1_777_887_000.0);
    let okta = "timestamp,actor.id,actor.alternate_id,client.ip_address,event_type,display_message,outcome.result\n2026-05-04T09:30:00.123Z,1,ann@mine.example,203.0.113.9,user.session.start,User login,FAILURE\n";
    let (event, time) = one(okta);
    has(
        &event,
        &[
            ("sourcetype", "OktaIM2:log"),
            ("eventType", "user.session.start"),
            ("actor.alternateId", "ann@mine.example"),
            ("client.ipAddress", "203.0.113.9"),
            ("outcome.result", "FAILURE"),
        ],
    );
    assert_eq!(time, TIME);
    let device = "Event Time,Machine Id,Computer Name,Action Type,File Name,Folder Path,Process Command Line,Initiating Process File Name\n2026-05-04T09:30:00.123Z,d1,ws,ProcessCreated,curl.exe,C:\\curl.exe,curl x,cmd.exe\n";
    let (event, time) = one(device);
    has(
        &event,
        &[
            ("sourcetype", "mscs:azure:eventhub:defender:advancedhunting"),
            ("properties.DeviceName", "ws"),
            ("properties.ProcessCommandLine", "curl x"),
            ("properties.InitiatingProcessFileName", "cmd.exe"),
        ],
    );
    assert_eq!(time, TIME);
}

// Custom tables: a type behind each name, underscores for dots.
#[test]
fn custom_tables_of_log_analytics() {
    let row = json!({"TimeGenerated": "2026-05-04T09:31:00Z", "eventType_s": "user.session.start",
        "published_t": "2026-05-04T09:30:00.123Z", "actor_alternateId_s": "ann@mine.example",
        "outcome_result_s": "SUCCESS", "Type": "Okta_CL"});
    let (event, time) = one(&row.to_string());
    has(
        &event,
        &[
            ("sourcetype", "OktaIM2:log"),
            ("actor.alternateId", "ann@mine.example"),
            ("outcome.result", "SUCCESS"),
        ],
    );
    assert_eq!(time, TIME);
}

#[test]
fn results_in_csv_that_tell_no_sourcetype_are_of_csv() {
    let read = read(b"_time,_raw,x\n1777887000,hello,2\n");
    assert_eq!((read.times[0], &*read.rows[0]["sourcetype"]), (1_777_887_000.0, "csv"));
    assert_eq!(read.rows[0]["_raw"], "hello");
}
