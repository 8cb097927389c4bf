// Each dialect's lists in the hands of the tool that they are for: everything is backed up that is
// not excluded, and nothing that is.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "base/bytes_path.h"
#include "reporter/exclude_list.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using test::must_run;
using Names = std::vector<std::string>;
using Random = std::mt19937;

constexpr std::size_t kLongestName = 255;

// What is anything but itself in some dialect, or looks like it.
const Names& hard_names() {
  static const Names names = {"*",
                              "**",
                              "***",
                              "?",
                              "[",
                              "]",
                              "[]",
                              "[a]",
                              "[^a]",
                              "[!a]",
                              "[a-z]",
                              "{a,b}",
                              "a*b",
                              "a?b",
                              "\\",
                              "\\\\",
                              "a\\",
                              "\\*",
                              "a\\b",
                              "a\\nb",
                              "\\[a\\]",
                              "a\\*b",
                              "[\\]",
                              "\\x41",
                              "a\\?",
                              "$",
                              "$$",
                              "$HOME",
                              "${HOME}",
                              "$PROBE",
                              "a$",
                              "$$PROBE",
                              "${}",
                              "${",
                              "$1",
                              "$*",
                              "a$b",
                              "!",
                              "!a",
                              "#",
                              "#a",
                              ";",
                              ";a",
                              "^a",
                              "a^",
                              "~",
                              "~root",
                              "a,b",
                              "a:b",
                              "a;b",
                              "a'b",
                              "a\"b",
                              "`a`",
                              " ",
                              "  ",
                              " a",
                              "a ",
                              " a ",
                              "a b",
                              "\t",
                              "a\t",
                              "\ta",
                              "a\tb",
                              "\n",
                              "a\n",
                              "\na",
                              "a\nb",
                              "a\n\nb",
                              "a\n/b",
                              "\r",
                              "a\r",
                              "a\r\r",
                              "a\rb",
                              "a\r\n",
                              "\v",
                              "a\vb",
                              "a\f",
                              "+ ",
                              "+ a",
                              "- ",
                              "- a",
                              "-",
                              "-a",
                              "--help",
                              "re:a",
                              "fm:a",
                              "pp:a",
                              "pf:a",
                              "sh:a",
                              "R a",
                              "re:.*",
                              "a.b",
                              "a+b",
                              "(a)",
                              "a|b",
                              "(?i)a",
                              "a$|",
                              "..x",
                              "...",
                              ".a",
                              "a.",
                              "a%b",
                              "%41",
                              "<a>",
                              "a&b",
                              "a=b",
                              "@a",
                              "\x01",
                              "a\x01z",
                              "\x1b[0m",
                              "\x7f",
                              "a\x1c",
                              "a\x1f z",
                              "\x80",
                              "\xff",
                              "a\xff",
                              "\xc3",
                              "a\xc3z",
                              "\xe2\x82",
                              "\xed\xa0\x80",
                              "\xc0\xaf",
                              "\xf4\x90\x80\x80",
                              "\xc3\xa9",
                              "e\xcc\x81",
                              "\xc3\x85",
                              "A\xcc\x8a",
                              "\xe2\x84\xab",
                              "a\xc2\xa0",
                              "\xc2\xa0z",
                              "a\xe2\x80\xa8",
                              "a\xe2\x80\xa8z",
                              "a\xc2\x85",
                              "\xe3\x80\x80",
                              "\xef\xbb\xbf",
                              "\xef\xbf\xbd",
                              "\xf0\x9f\x98\x80",
                              "\xf4\x8f\xbf\xbf",
                              "\xef\xbf\xbf",
                              "proj.git",
                              "CVS",
                              "tags",
                              "x\xcc\x81"};
  return names;
}

// What a tool may take for `name` where it was quoted badly: names that differ from it by little.
Names near(const std::string& name) {
  Names all = {name + "x", name + " ",  name + "\r", name + "\n",
               " " + name, name + "\\", "\\" + name, name + "*"};
  if (name.size() > 1) {
    all.push_back(name.substr(0, name.size() - 1));
    all.push_back(name.substr(1));
  }
  for (std::size_t at = 0; at < name.size(); ++at) {
    const auto with = [&](const std::string& other) {
      all.push_back(name.substr(0, at) + other + name.substr(at + 1));
    };
    switch (name[at]) {
      case '*':
        with("x"), with("xy"), with("");
        break;
      case '?':
        with("x"), with("\n");
        break;
      case '\n':
        with("x"), with("\t"), with("\v"), with("\x01"), with("\xff"), with("\xc3\xa9"),
            with("\xf4\x8f\xbf\xbf"), with("\xef\xbf\xbd"), with(" "), with("n"), with("\\n");
        break;
      case '\\':
        with(""), with("x");
        break;
      case '$':
        with(""), with("$$");
        break;
      case '\r':
        with(""), with("\n");
        break;
      case '.':
        with("x");
        break;
      case '[':
        with("");
        break;
      default:
        with(static_cast<unsigned char>(name[at]) >= 0x80 ? "\x81" : "q");
    }
  }
  if (name.find("$PROBE") != std::string::npos) all.push_back("expanded");
  for (const char* each : {"a", "b", "ab", "[", "^", "b]", "A", "\xc3\xa9", "e\xcc\x81"}) {
    all.emplace_back(each);
  }
  return all;
}

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName && name != "." && name != ".." &&
         name.find('/') == std::string::npos;
}

struct Tree {
  std::set<std::string> folders;   // below the top
  std::set<std::string> excluded;  // of them
};

void add_folder(Tree& tree, const std::string& path, bool excluded) {
  tree.folders.insert(path);
  if (excluded) tree.excluded.insert(path);
}

// Groups of a name and its neighbours, some below folders that have hard names themselves; of the
// neighbours every one is excluded as often as not, or has a `.git` that is.
Tree make_tree(Random& random, const std::string& top) {
  Names names = hard_names();
  names.push_back(std::string(kLongestName, '*'));
  names.push_back(std::string(kLongestName - 1, 'l') + " ");
  names.push_back(std::string(kLongestName - 3, '\n') + "\xe2\x82\xac");
  std::shuffle(names.begin(), names.end(), random);
  Tree tree;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string group = "g" + std::to_string(i);
    add_folder(tree, group, false);
    if (i % 3 == 0) {
      group += "/" + names[random() % names.size()];
      add_folder(tree, group, false);
    }
    add_folder(tree, group + "/" + names[i], true);
    for (const std::string& name : near(names[i])) {
      if (!is_name(name) || name == names[i]) continue;
      if (random() % 8 != 0) continue;
      add_folder(tree, group + "/" + name, random() % 8 == 0);
    }
  }
  for (const std::string& folder : std::set<std::string>(tree.folders)) {
    if (random() % 8 != 0) continue;
    add_folder(tree, folder + "/.git", random() % 2 == 0);
  }
  for (const std::string& folder : tree.folders) {
    test::write_file(top + "/" + folder + "/file", "content\n");
  }
  return tree;
}

Names keys(const std::map<std::string, std::string>& contents) {
  Names names;
  for (const auto& [name, content] : contents) names.push_back(name);
  return names;
}

struct Case : test::NamedCase {
  ExcludeDialect dialect;
  const char* locale;
  unsigned seed;
};

class ExcludeListTest : public testing::TestWithParam<Case> {
 protected:
  void tool(Names argv) {
    Names all = {"env",
                 std::string("LC_ALL=") + GetParam().locale,
                 "HOME=" + dir_.path(),
                 "XDG_CACHE_HOME=" + dir_ / "cache",
                 "BORG_BASE_DIR=" + dir_ / "borg",
                 "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes",
                 "RESTIC_PASSWORD=test",
                 "PROBE=expanded",
                 "GOMAXPROCS=2"};
    all.insert(all.end(), argv.begin(), argv.end());
    must_run(all);
  }

  // Where what was backed up of `top_` can be looked at.
  std::string back_up(const std::string& list) {
    const std::string to = dir_ / "to";
    const std::string out = dir_ / "out";
    std::filesystem::create_directory(out);
    switch (GetParam().dialect) {
      case ExcludeDialect::kRestic:
        tool({"restic", "-q", "-r", to, "init"});
        tool({"restic", "-q", "-r", to, "backup", "--exclude-file=" + list, top_});
        tool({"restic", "-q", "-r", to, "restore", "latest", "--target", out});
        return out + top_;
      case ExcludeDialect::kBorg:
        tool({"borg", "init", "-e", "none", to});
        tool({"borg", "create", "--exclude-from", list, to + "::a", top_});
        tool({"env", "-C", out, "borg", "extract", to + "::a"});
        return out + top_;
      case ExcludeDialect::kRdiffBackup:
        tool({"rdiff-backup", "--null-separator", "backup", "--exclude-filelist", list, top_, to});
        std::filesystem::remove_all(to + "/rdiff-backup-data");
        return to;
      case ExcludeDialect::kRsync:
        tool({"rsync", "--from0", "--exclude-from=" + list, "-aR", top_, out});
        return out + top_;
      case ExcludeDialect::kTar:
        tool({"tar", "--create", "--file", to, "--anchored", "--no-wildcards",
              "--exclude-from=" + list, top_});
        tool({"tar", "-C", out, "--extract", "--file", to});
        return out + top_;
    }
    return {};
  }

  const test::TempDir dir_;
  const std::string top_ = dir_ / "tree";
};

TEST_P(ExcludeListTest, TheToolBacksUpAllThatIsNotExcludedAndNothingThatIs) {
  Random random(GetParam().seed);
  const Tree tree = make_tree(random, top_);
  Names paths;
  for (const std::string& folder : tree.excluded) paths.push_back(top_ + "/" + folder);
  const ExcludeList list = make_exclude_list(GetParam().dialect, paths);
  ASSERT_GT(paths.size(), 200U);

  std::set<std::string> out(paths.begin(), paths.end());
  for (const std::string& path : list.inexpressible) out.erase(path);
  Names expected;
  for (const std::string& name : keys(test::contents(top_))) {
    const std::string path = name.empty() ? top_ : top_ + "/" + name;
    if (std::none_of(out.begin(), out.end(),
                     [&](const std::string& each) { return is_within(path, each); })) {
      expected.push_back(name);
    }
  }

  test::write_file(dir_ / "list", list.bytes);
  const Names found = keys(test::contents(back_up(dir_ / "list")));

  Names wrong;
  std::set_difference(expected.begin(), expected.end(), found.begin(), found.end(),
                      std::back_inserter(wrong));
  for (std::string& each : wrong) each = "left out: " + printable(each);
  const auto missing = static_cast<std::ptrdiff_t>(wrong.size());
  std::set_difference(found.begin(), found.end(), expected.begin(), expected.end(),
                      std::back_inserter(wrong));
  std::for_each(wrong.begin() + missing, wrong.end(),
                [](std::string& each) { each = "not left out: " + printable(each); });
  if (wrong.size() > 20) wrong.resize(20);
  EXPECT_EQ(wrong, Names()) << "seed " << GetParam().seed;
  std::cout << "seed " << GetParam().seed << ": " << tree.folders.size() << " folders, "
            << paths.size() << " excluded, " << list.inexpressible.size() << " not expressible\n";
}

INSTANTIATE_TEST_SUITE_P(
    Tools, ExcludeListTest,
    testing::Values(Case{{"restic"}, ExcludeDialect::kRestic, "C.UTF-8", 1},
                    Case{{"borg"}, ExcludeDialect::kBorg, "C.UTF-8", 2},
                    Case{{"borg_c"}, ExcludeDialect::kBorg, "C", 3},
                    Case{{"rdiff_backup"}, ExcludeDialect::kRdiffBackup, "C.UTF-8", 4},
                    Case{{"rsync"}, ExcludeDialect::kRsync, "C.UTF-8", 5},
                    Case{{"tar"}, ExcludeDialect::kTar, "C.UTF-8", 6}),
    test::case_name);

}  // namespace
}  // namespace repo
