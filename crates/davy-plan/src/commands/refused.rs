//! Commands that Splunk has and davy does not: each says why, and the nearest thing that works.
//! Search Reference, "Search commands" and "Internal commands"; the pages of the apps that bring
//! the others.

use crate::spec::{CommandSpec, Kind, Support};
use davy_spl::ast::Grammar;

macro_rules! refused {
    ($($id:ident = $name:literal $(also $alias:literal)* : $syntax:literal, $summary:literal; $why:literal => $instead:literal;)*) => {
        $(pub(super) static $id: CommandSpec = CommandSpec {
            name: $name,
            aliases: &[$($alias),*],
            kind: Kind::Streaming,
            grammar: Grammar::Raw,
            syntax: $syntax,
            summary: $summary,
            examples: &[],
            source: concat!("Search Reference, ", $name),
            support: Support::Refused { why: $why, instead: $instead },
            parse: |_, _| None,
        };)*
    };
}

refused! {
    ANOMALIES = "anomalies": "anomalies [threshold=<number>] [field=<field>]", "Scores how unexpected each event is after those before it.";
        "how Splunk measures the similarity of events is not published" => "use `anomalydetection` for rare values, or `cluster showcount=t` for rare kinds of events";
    APPLY = "apply": "apply <model-name> [AS <field>]", "Applies a model that `fit` has trained.";
        "it belongs to the Machine Learning Toolkit, an app whose models (Python, scikit-learn) are outside SPL" => "detect with `eventstats avg(x) AS a stdev(x) AS s | where x > a + 3*s`, `outlier` or `anomalydetection`";
    ARULES = "arules": "arules [sup=<int>] [conf=<number>] <field-list>", "Finds rules of association between values of fields.";
        "how Splunk mines its rules is not published" => "count values that come together with `stats count BY field1 field2` or `contingency`";
    AUDIT = "audit": "audit", "Gives Splunk's own audit trail.";
        "there is no Splunk server whose audit trail could be read" => "give the exported audit log as an input and search it";
    AWSSNSALERT = "awssnsalert": "awssnsalert account=<account> topic_name=<topic>", "Sends results to Amazon SNS.";
        "davy sends nothing to other systems" => "take the results from the output and send them yourself";
    BUCKETDIR = "bucketdir": "bucketdir pathfield=<field> sizefield=<field>", "Puts file names of common folders together.";
        "how Splunk chooses the folders is not published" => "cut the folder out with `rex field=path \"^(?<folder>.*)/\"` and use `stats count BY folder`";
    COLLAPSE = "collapse": "collapse [chunksize=<num>] [force=<bool>]", "Puts results into fewer files.";
        "an internal command of Splunk's result files, which are not here" => "leave it out: it does not change results";
    CRAWL = "crawl": "crawl [files | network]", "Looks for files to index.";
        "davy reads only the inputs that are named" => "name the files or folders as inputs";
    CREATERSS = "createrss": "createrss", "Writes results to an RSS feed.";
        "davy sends nothing to other systems" => "take the results from the output and publish them yourself";
    CYBERCHEF = "cyberchef": "cyberchef infield=<field> outfield=<field> operation=<name>", "Runs a CyberChef recipe over a field.";
        "it belongs to an app that runs CyberChef in Node.js" => "decode with the functions that eval has: urldecode(), replace(), spath(), tonumber(x, 16)";
    DBINSPECT = "dbinspect": "dbinspect [index=<name>]", "Describes the buckets of an index.";
        "inputs are files; there are no index buckets" => "see what is there with `| metadata type=sourcetypes` or `| eventcount summarize=false`";
    DBXQUERY = "dbxquery" also "dbxlookup" also "dbxoutput": "dbxquery connection=<name> query=<sql>", "Runs SQL in a database.";
        "it belongs to the app DB Connect, and davy opens no database" => "export the table as CSV and read it with `inputlookup`";
    DEBUG = "debug": "debug cmd=<name>", "Runs one of Splunk's debug commands.";
        "there is no Splunk server to inspect" => "look at the rows between two commands with `head`";
    DELETE = "delete": "delete", "Makes events of an index unsearchable.";
        "davy never changes what it reads" => "leave events out with `where` or `NOT`";
    DNSTWIST = "dnstwist": "dnstwist domainlist=<file>", "Makes names that look like given domains.";
        "it is a script of its own beside Splunk, and davy runs no programs for a search" => "run the program dnstwist yourself and give its list as a lookup";
    DUMP = "dump": "dump basefilename=<name>", "Writes events to files on the search head.";
        "davy writes results only where its own command line says" => "take the results from davy's own output";
    ENTITYMERGE = "entitymerge": "entitymerge", "Merges assets and identities of Enterprise Security.";
        "it belongs to Splunk Enterprise Security" => "merge rows with `stats values(*) AS * BY key`";
    EREX = "erex": "erex <field> examples=\"<value>, <value>\"", "Guesses a regular expression from examples.";
        "what Splunk guesses cannot be told from its documentation" => "write the expression yourself: `rex field=FIELD \"(?<name>...)\"`";
    FILE = "file": "file <path>", "Reads a file of the search head.";
        "a search may not open files" => "name the file as an input";
    FINDKEYWORDS = "findkeywords": "findkeywords labelfield=<field>", "Gives the keywords of clusters.";
        "an internal command, and how Splunk weighs the keywords is not published" => "look at `cluster showcount=t` with `_raw`";
    FINDTYPES = "findtypes": "findtypes [max=<int>]", "Suggests event types.";
        "how Splunk forms its suggestions is not published" => "see the kinds of events with `cluster showcount=t`";
    FIT = "fit": "fit <algorithm> <fields> [INTO <model>]", "Trains a model.";
        "it belongs to the Machine Learning Toolkit, an app whose models (Python, scikit-learn) are outside SPL" => "detect with `eventstats avg(x) AS a stdev(x) AS s | where x > a + 3*s`, `outlier` or `anomalydetection`";
    FOLDERIZE = "folderize": "folderize attr=<field> [sep=<string>]", "Puts values of common beginnings together.";
        "how Splunk chooses the beginnings is not published" => "cut the beginning out with `rex` and use `stats count BY` it";
    GEOM = "geom": "geom [<lookup>] [featureIdField=<field>]", "Adds shapes for a map.";
        "davy draws no maps" => "leave it out: it only adds shapes to draw";
    GEOMFILTER = "geomfilter": "geomfilter [min_x=<number>] [max_x=<number>]", "Clips shapes for a map.";
        "davy draws no maps" => "leave it out, or compare `lat` and `lon` with `where`";
    GEOSTATS = "geostats": "geostats [latfield=<field>] [longfield=<field>] <aggregation> [BY <field>]", "Aggregates by the cells of a map.";
        "davy draws no maps" => "round the place and aggregate: `eval lat=round(lat,1), lon=round(lon,1) | stats count BY lat lon`";
    HISTORY = "history": "history [events=<bool>]", "Gives the searches that the user has run.";
        "davy keeps no history of searches" => "use the history of your shell";
    INPUT = "input": "input (add | remove) <source>", "Adds inputs to Splunk.";
        "davy reads only the inputs that are named" => "name the files or folders as inputs";
    INPUTCSV = "inputcsv": "inputcsv [append=<bool>] <file>", "Reads a CSV file of the search head.";
        "a search may not open files" => "give the CSV as a lookup and read it with `inputlookup`";
    INPUTINTELLIGENCE = "inputintelligence": "inputintelligence <source>", "Reads a threat list of Enterprise Security.";
        "it belongs to Splunk Enterprise Security" => "give the list as a lookup and read it with `inputlookup`";
    INTERNALINPUTCSV = "internalinputcsv": "internalinputcsv <file>", "Reads a CSV file of the search head.";
        "a search may not open files" => "give the CSV as a lookup and read it with `inputlookup`";
    KMEANS = "kmeans": "kmeans [k=<int>] [reps=<int>] <field-list>", "Puts events into k clusters.";
        "its clusters start from random centres, so no result could be repeated" => "put events together with `cluster`, or numbers into ranges with `bin`";
    KVFORM = "kvform": "kvform [form=<name>] [field=<field>]", "Extracts fields by a form template.";
        "form templates are files of a Splunk server" => "extract with `rex` or `extract`";
    LDAPSEARCH = "ldapsearch" also "ldapfetch" also "ldapfilter" also "ldapgroup" also "ldaptestconnection": "ldapsearch search=<filter> [attrs=<list>]", "Asks a directory.";
        "it belongs to an app, and davy asks no other systems" => "export the directory as CSV and read it with `inputlookup`";
    MAKEJSON = "makejson": "makejson [<fields>] output=<field>", "Makes a JSON object of fields.";
        "an internal command" => "use `tojson`, or json_object() in `eval`";
    MCATALOG = "mcatalog": "mcatalog values(<field>) [WHERE <filter>]", "Lists metrics.";
        "there are no metric indexes" => "give the metrics as events and use `stats values(metric_name)`";
    MCOLLECT = "mcollect": "mcollect index=<name>", "Writes results to a metric index.";
        "there are no indexes to write to" => "write the rows into a table with `outputlookup NAME.csv`, or take them from davy's own output";
    MEVENTCOLLECT = "meventcollect": "meventcollect index=<name>", "Writes events to a metric index.";
        "there are no indexes to write to" => "write the rows into a table with `outputlookup NAME.csv`, or take them from davy's own output";
    MLTK = "deletemodel" also "listmodels" also "score" also "sample": "listmodels", "Commands of the Machine Learning Toolkit.";
        "it belongs to the Machine Learning Toolkit, an app whose models (Python, scikit-learn) are outside SPL" => "for a sample of the rows: `eval r=random() | sort r | head 100`";
    MPREVIEW = "mpreview" also "msearch": "mpreview [index=<name>]", "Shows raw points of a metric index.";
        "there are no metric indexes" => "give the metrics as events and use `search`";
    OUTPUTRAW = "outputraw" also "outputrawr": "outputraw", "Writes raw events.";
        "davy writes results only where its own command line says" => "keep `_raw` with `table _raw`";
    OVERLAP = "overlap": "overlap", "Looks for gaps and overlaps in summary indexes.";
        "there are no summary indexes" => "leave it out";
    PREVIEW = "preview": "preview", "Shows how Splunk would index a file.";
        "an internal command of Splunk's own pages" => "name the file as an input and look at `| head 10`";
    PRJOB = "prjob" also "redistribute": "redistribute [by(<field>)] [<search>]", "Spreads a search over indexers.";
        "there are no indexers: davy spreads work over the processor's cores by itself" => "leave it out: it does not change results";
    RELEVANCY = "relevancy": "relevancy", "Scores how well events fit the search's words.";
        "how Splunk computes the score is not published" => "count the words with `eval n=mvcount(split(lower(_raw), \"word\"))-1 | sort - n`";
    REST = "rest": "rest <path> [<key>=<value>]...", "Asks a Splunk server's REST API.";
        "there is no Splunk server to ask" => "save the answer as CSV in a folder, give the folder with --lookups and read it with `| inputlookup NAME.csv`";
    RTORDER = "rtorder": "rtorder [discard=<bool>] [buffer_span=<span>]", "Orders events of a real-time search.";
        "there are no real-time searches" => "leave it out: events are in order";
    RUNSHELLSCRIPT = "runshellscript": "runshellscript <script> <args>", "Runs a script of an alert.";
        "davy runs no programs for a search" => "take the results from the output and run the script yourself";
    SCRIPT = "script" also "run": "script <name> [<args>]", "Runs a program over the results.";
        "davy runs no programs for a search" => "take the results from the output and pass them to the program yourself";
    SCRUB = "scrub" also "anonymize": "scrub [public-terms=<file>] [dictionary=<file>]", "Makes events anonymous.";
        "its dictionaries are files of a Splunk server" => "replace what is secret: `rex mode=sed \"s/…/XXX/g\"`, or sha256() in `eval`";
    SNOW = "snowincident" also "snowevent" also "snowincidentstream" also "snoweventstream": "snowincident", "Opens ServiceNow incidents.";
        "davy sends nothing to other systems" => "take the results from the output and send them yourself";
    SUMMARY = "summary": "summary <model-name>", "Shows a model that `fit` has trained.";
        "it belongs to the Machine Learning Toolkit, an app whose models (Python, scikit-learn) are outside SPL" => "summarise fields with `fieldsummary`";
    TAGS = "tags": "tags [outputfield=<field>] [inclname=<bool>] [inclvalue=<bool>] [allowed_tags=<list>] [<field-list>]", "Adds the tags of values.";
        "events bring their tags along, in the fields `tag` and `tag::FIELD`, and rows made of other rows have none" => "use these fields: `search tag=authentication`, or `eval mytags='tag::eventtype'`";
    TSCOLLECT = "tscollect": "tscollect [namespace=<name>]", "Writes index-time statistics to files.";
        "there are no indexes to write to" => "search the events themselves: `tstats` works on them";
    TYPEAHEAD = "typeahead": "typeahead prefix=<string> count=<int>", "Suggests terms for the search bar.";
        "there is no index of terms" => "see the values of a field with `top limit=0 field`";
    TYPELEARNER = "typelearner": "typelearner", "Suggests event types.";
        "how Splunk forms its suggestions is not published" => "see the kinds of events with `cluster showcount=t`";
    WALKLEX = "walklex": "walklex type=<type> index=<name>", "Lists the terms of an index.";
        "there is no index of terms" => "see the values of a field with `stats count BY field`, or the fields with `fieldsummary`";
    X11 = "x11": "x11 [add() | mult()] [<period>] <field>", "Takes the season out of a series.";
        "X11 is a large method whose details in Splunk are not published" => "compare with the same time of earlier weeks: `timewrap`, or `predict algorithm=LLP`";
}
