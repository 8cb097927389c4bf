// Kinds' files: what is taken, and what every mistake is told as.
#include "scanner/user_kind_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A kind that has what each needs; `more` are further fields, each with a comma behind it.
std::string kind_text(const std::string& more = "",
                      const std::string& signature = R"("directories": ["data"])",
                      const std::string& dump = R"({"argv": ["tar", "{path}"]})") {
  return R"({"format": "repo-backup/kind", "version": 1, "kind": "app", )" + more +
         R"("signature": {)" + signature + R"(}, "dump": )" + dump + "}";
}

std::vector<std::string> mistakes(const std::string& text) {
  std::vector<std::string> all;
  for (const Error& error : parse_user_kind(text, "/k/app.json").errors) {
    EXPECT_EQ(error.path, "/k/app.json");
    all.push_back(error.message);
  }
  return all;
}

TEST(UserKindTest, EveryFieldIsRead) {
  const UserKinds read = parse_user_kind(R"({
    "format": "repo-backup/kind", "version": 1, "kind": "app-2", "description": "An app",
    "package": "app", "restore": "start it",
    "signature": {"files": ["a"], "directories": ["d"], "globs": ["*.x"], "prune": ["d"], "except": ["b*"],
                  "magic": [{"glob": "*.x", "offset": 4, "hex": "00fF"},
                            {"glob": ["*.y", "*.z"], "text": "M\u0000"}],
                  "paths": ["/srv/app"]},
    "tool_version": {"argv": ["app", "--version"]},
    "identity": {"argv": ["/usr/bin/app", "id", "{path}"], "timeout": "90s"},
    "state": [{"argv": ["app", "state"]}, {"argv": ["app", "more"]}],
    "dump": {"argv": ["./dump", "{match}"], "for_each": "match", "exit_codes": [0, 3],
             "fail_if": ["*ERROR*"], "output": "{match}.sql"},
    "cleanup": {"argv": ["app", "clean"]},
    "verify": {"argv": ["app", "check", "{dest}"], "must_say": ["ok"]},
    "drill": {"argv": ["app", "restore", "{dest}", "{tmp}"]},
    "compare": {"argv": ["app", "cmp"]}, "control": {"argv": ["app", "spoil"]},
    "run_as": "owner", "network": "unix", "drill_network": "own",
    "environment": {"A": "{name}", "B": "c"}, "folders": ["/run/app"],
    "programs": ["/opt/app"],
    "secrets": [{"file": "/etc/s", "number": 3}, {"file": "/etc/t", "at": "/secrets/t"}],
    "min_bytes": 10, "max_shrink_percent": 20, "unchanged": "by files",
    "stands_for": "directory"})",
                                         "/k/app.json");
  ASSERT_THAT(read.errors, IsEmpty());
  ASSERT_EQ(read.kinds.size(), 1U);
  const UserKind& kind = read.kinds[0];
  EXPECT_EQ(kind.name, "app-2");
  EXPECT_EQ(kind.folder, "/k");
  EXPECT_EQ(kind.description, "An app");
  EXPECT_EQ(kind.package, "app");
  EXPECT_EQ(kind.restore, "start it");
  const UserSignature& signature = kind.signature;
  EXPECT_THAT(signature.files, ElementsAre("a"));
  EXPECT_THAT(signature.directories, ElementsAre("d"));
  EXPECT_THAT(signature.globs, ElementsAre("*.x"));
  EXPECT_THAT(signature.pruned, ElementsAre("d"));
  EXPECT_THAT(signature.excepted, ElementsAre("b*"));
  EXPECT_FALSE(signature.all_pruned);
  EXPECT_THAT(signature.paths, ElementsAre("/srv/app"));
  ASSERT_EQ(signature.magics.size(), 2U);
  EXPECT_EQ(signature.magics[0].offset, 4U);
  EXPECT_EQ(signature.magics[0].bytes, std::string("\0\xFF", 2));
  EXPECT_THAT(signature.magics[1].globs, ElementsAre("*.y", "*.z"));
  EXPECT_EQ(signature.magics[1].bytes, std::string("M\0", 2));
  EXPECT_EQ(kind.version.size(), 1U);
  EXPECT_EQ(kind.identity[0].timeout, std::chrono::seconds(90));
  EXPECT_EQ(kind.state.size(), 2U);
  ASSERT_EQ(kind.dump.size(), 1U);
  EXPECT_THAT(kind.dump[0].argv, ElementsAre("./dump", "{match}"));
  EXPECT_TRUE(kind.dump[0].each_match);
  EXPECT_THAT(kind.dump[0].exit_codes, ElementsAre(0, 3));
  EXPECT_THAT(kind.dump[0].fail_if, ElementsAre("*ERROR*"));
  EXPECT_EQ(kind.dump[0].output, "{match}.sql");
  EXPECT_THAT(kind.verify[0].must_say, ElementsAre("ok"));
  EXPECT_EQ(kind.cleanup.size() + kind.drill.size() + kind.compare.size() + kind.control.size(),
            4U);
  EXPECT_EQ(kind.run_as, "owner");
  EXPECT_EQ(kind.network, UserNetwork::kUnix);
  EXPECT_EQ(kind.drill_network, UserNetwork::kOwn);
  EXPECT_THAT(kind.environment,
              ElementsAre(std::pair<std::string, std::string>("A", "{name}"), std::pair("B", "c")));
  EXPECT_THAT(kind.folders, ElementsAre("/run/app"));
  EXPECT_THAT(kind.programs, ElementsAre("/opt/app"));
  ASSERT_EQ(kind.secrets.size(), 2U);
  EXPECT_EQ(kind.secrets[0].number, 3);
  EXPECT_EQ(kind.secrets[1].at, "/secrets/t");
  EXPECT_EQ(kind.min_bytes, 10U);
  EXPECT_EQ(kind.max_shrink, 20U);
  EXPECT_TRUE(kind.unchanged_by_files);
  EXPECT_TRUE(kind.stands_for_directory);
}

TEST(UserKindTest, WhatIsNotSaidHasItsDefault) {
  const UserKinds read = parse_user_kind(kind_text(), "app.json");
  ASSERT_EQ(read.kinds.size(), 1U);
  const UserKind& kind = read.kinds[0];
  EXPECT_EQ(kind.folder, ".");
  EXPECT_EQ(kind.min_bytes, 1U);
  EXPECT_EQ(kind.max_shrink, std::nullopt);
  EXPECT_FALSE(kind.unchanged_by_files);
  EXPECT_FALSE(kind.stands_for_directory);
  EXPECT_EQ(kind.run_as, "");
  EXPECT_EQ(kind.network, UserNetwork::kNone);
  EXPECT_THAT(kind.dump[0].exit_codes, ElementsAre(0));
}

struct Case : test::NamedCase {
  std::string text;
  std::string message;
};

class UserKindMistakeTest : public testing::TestWithParam<Case> {};

TEST_P(UserKindMistakeTest, IsToldWithFieldAndWayOut) {
  EXPECT_THAT(mistakes(GetParam().text), testing::Contains(HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Form, UserKindMistakeTest,
    testing::Values(
        Case{{"no_json"}, "{", "not JSON: "}, Case{{"no_object"}, "[]", "not an object"},
        Case{{"empty"}, "{}", "dump: missing"},
        Case{{"unknown"}, kind_text(R"("dmp": 1, )"), "dmp: no such field; there are: "},
        Case{
            {"unknown_in_command"},
            kind_text("", R"("files": ["a"], "paths": ["/a"])", R"({"argv": ["a"], "shell": "x"})"),
            "dump.shell: no such field; there are: argv, "},
        Case{{"twice"},
             kind_text(R"("run_as": "a", "run_as": "b", )"),
             "run_as: stands there twice"},
        Case{{"other_format"}, R"({"format": "x"})", R"(format: one of "repo-backup/kind")"},
        Case{{"newer"}, R"({"version": 2})", "version: this program knows version 1"},
        Case{{"shell_text"},
             kind_text("", R"("directories": ["d"])", R"({"argv": "rm -rf"})"),
             "dump.argv: not a list of texts"},
        Case{{"numbers"},
             kind_text(R"("min_bytes": -1, )"),
             "min_bytes: not a whole number of 0 or more"},
        Case{{"hex"},
             kind_text("", R"("directories": ["d"], "magic": {"glob": "*", "hex": "0"})"),
             "signature.magic.hex: not an even number"},
        Case{{"duration"},
             kind_text("", R"("directories": ["d"])", R"({"argv": ["a"], "timeout": "5"})"),
             "dump.timeout: a number with s, m, h or d"},
        Case{{"network"},
             kind_text(R"("network": "yes", )"),
             R"(network: one of "none", "unix", "own", "host")"}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Sense, UserKindMistakeTest,
    testing::Values(
        Case{{"built_in"},
             R"({"format": "repo-backup/kind", "version": 1, "kind": "svn",
              "signature": {"directories": ["d"]}, "dump": {"argv": ["a"]}})",
             "kind: svn is built in"},
        Case{{"name"},
             R"({"format": "repo-backup/kind", "version": 1, "kind": "../x",
              "signature": {"directories": ["d"]}, "dump": {"argv": ["a"]}})",
             "kind: \"../x\" is no name for a kind"},
        Case{{"everything"}, kind_text("", ""), "signature: matches every directory"},
        Case{{"no_paths"}, kind_text("", R"("files": ["a"])"), "signature.paths: missing"},
        Case{{"relative"},
             kind_text("", R"("files": ["a"], "paths": ["srv"])"),
             "signature.paths: \"srv\" is no absolute path"},
        Case{{"deep_name"},
             kind_text("", R"("directories": ["a/b"])"),
             "signature.directories: \"a/b\" is no name of an entry"},
        Case{{"no_magic_glob"},
             kind_text("", R"("directories": ["d"], "magic": {"text": "x"})"),
             "signature.magic.glob: missing"},
        Case{{"bracket"},
             kind_text("", R"("directories": ["d"], "globs": ["[a]"])"),
             "signature.globs: \"[a]\": \"[\" is no special character"},
        Case{{"placeholder"},
             kind_text("", R"("directories": ["d"])", R"({"argv": ["a", "{x}"]})"),
             "dump.argv[1]: {x} is not known; allowed: {path}"},
        Case{{"program_placeholder"},
             kind_text("", R"("directories": ["d"])", R"({"argv": ["{path}/run"]})"),
             "dump.argv[0]: a placeholder"},
        Case{{"program_relative"},
             kind_text("", R"("directories": ["d"])", R"({"argv": ["a/b"]})"),
             "dump.argv[0]: \"a/b\": a name in /usr/bin"},
        Case{{"program_above"},
             kind_text("", R"("directories": ["d"])", R"({"argv": ["./../b"]})"),
             "dump.argv[0]: \"./../b\": a name in /usr/bin"},
        Case{{"compare_alone"},
             kind_text(R"("drill": {"argv": ["a"]}, "compare": {"argv": ["a"]}, )"),
             "control: missing"},
        Case{{"compare_without_drill"},
             kind_text(R"("compare": {"argv": ["a"]}, "control": {"argv": ["a"]}, )"),
             "drill: missing"},
        Case{{"root"}, kind_text(R"("run_as": "root", )"), "run_as: root"},
        Case{{"path_variable"},
             kind_text(R"("environment": {"LD_PRELOAD": "x"}, )"),
             "environment: LD_PRELOAD decides what is run"},
        Case{{"drill_network"}, kind_text(R"("drill_network": "host", )"), "drill_network: "},
        Case{{"secret"}, kind_text(R"("secrets": {"file": "/s"}, )"), "secrets: each has either"},
        Case{{"secret_number"},
             kind_text(R"("secrets": {"file": "/s", "number": 1}, )"),
             "secrets.number: 3 to 9"},
        Case{{"secret_at"},
             kind_text(R"("secrets": {"file": "/s", "at": "/etc/passwd"}, )"),
             "secrets.at: a path in /secrets/"},
        Case{{"output_path"},
             kind_text("", R"("directories": ["d"])", R"({"argv": ["a"], "output": "../x"})"),
             "dump.output: a name"},
        Case{{"output_once"},
             kind_text("", R"("directories": ["d"])",
                       R"({"argv": ["a", "{match}"], "for_each": "match", "output": "x"})"),
             "dump.output: the same file for each match"},
        Case{{"shrink"},
             kind_text(R"("max_shrink_percent": 100, )"),
             "max_shrink_percent: a whole number from 1 to 99"},
        Case{{"folder"}, kind_text(R"("folders": ["/"], )"), "folders: / is the sandbox's own"}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(OfTheSandbox, UserKindMistakeTest, testing::ValuesIn([] {
                           std::vector<Case> cases;
                           int n = 0;
                           for (const char* folder :
                                {"/etc", "/etc/passwd", "/tmp", "/usr/local/x", "/bin/x", "/sbin",
                                 "/lib/x", "/lib64", "/dev/shm", "/proc/1", "/sys", "/staging/data",
                                 "/source/x", "/kind", "/previous", "/secrets", "/secrets/x"}) {
                             cases.push_back(
                                 {{"place_" + std::to_string(n++)},
                                  kind_text(R"("programs": [")" + std::string(folder) + R"("], )"),
                                  "programs: " + std::string(folder) + " is the sandbox's own"});
                           }
                           return cases;
                         }()),
                         test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Environment, UserKindMistakeTest, testing::ValuesIn([] {
      std::vector<Case> cases;
      for (const char* name : {"BASH_ENV", "ENV", "GCONV_PATH", "PYTHONPATH", "PYTHONSTARTUP",
                               "PERL5LIB", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "RUBYOPT"}) {
        cases.push_back(
            {{name},
             kind_text(R"("environment": {")" + std::string(name) + R"(": "{source}"}, )"),
             "environment." + std::string(name) + ": it may decide what is run"});
      }
      return cases;
    }()),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    AsTheSchemaHasIt, UserKindMistakeTest,
    testing::Values(
        Case{{"no_commands"}, kind_text(R"("verify": [], )"), "verify: an empty list"},
        Case{{"no_dump"}, kind_text("", R"("directories": ["d"])", "[]"), "dump: an empty list"},
        Case{{"no_output"},
             kind_text("", R"("directories": ["d"])", R"({"argv": ["a"], "output": ""})"),
             "dump.output: empty"},
        Case{{"output_above"},
             kind_text("", R"("directories": ["d"])", R"({"argv": ["a"], "output": ".."})"),
             "dump.output: a name"},
        Case{{"no_timeout"},
             kind_text("", R"("directories": ["d"])", R"({"argv": ["a"], "timeout": ""})"),
             "dump.timeout: empty"},
        Case{{"no_user"}, kind_text(R"("run_as": "", )"), "run_as: empty"},
        Case{{"user_of_a_path"}, kind_text(R"("run_as": "_x/../y", )"), "run_as: \"_x/../y\""},
        Case{{"text_and_hex"},
             kind_text("",
                       R"("directories": ["d"], "magic": {"glob": "*", "text": "", "hex": "00"})"),
             "signature.magic.hex: besides \"text\""},
        Case{{"high_code"},
             kind_text("", R"("directories": ["d"])", R"({"argv": ["a"], "exit_codes": [200]})"),
             "dump.exit_codes: not a list of numbers within 0 and 125"},
        Case{{"two_secrets_in_one_place"},
             kind_text(R"("secrets": [{"file": "/a", "at": "/secrets/x"},
                          {"file": "/b", "at": "/secrets/x"}], )"),
             "secrets.at: /secrets/x stands there twice"},
        Case{{"prune_everywhere"},
             kind_text("", R"("directories": ["d"], "prune": true)"),
             "signature.prune: true needs \"paths\""}),
    test::case_name);

TEST(UserKindTest, WhatTheSchemaTakesIsTaken) {
  for (
      const char* more :
      {R"("run_as": "_apt", )", R"("folders": ["/run/app", "/etc/app"], )",
       R"("environment": {"ORACLE_SID": "{name}", "PYTHONPATH": "/opt/x", "DATA_PATH": "{tmp}"}, )"}) {
    EXPECT_THAT(mistakes(kind_text(more)), IsEmpty());
  }
  std::string text = kind_text();
  text.replace(text.find("\"version\": 1"), std::string("\"version\": 1").size(),
               "\"version\": 1.0");
  EXPECT_THAT(mistakes(text), IsEmpty());
}

TEST(UserKindTest, AllMistakesOfAFileAreToldAtOnce) {
  EXPECT_THAT(mistakes(kind_text(R"("run_as": "root", "max_shrink_percent": 0, )")),
              testing::SizeIs(2));
}

}  // namespace
}  // namespace repo
