// The text of a configuration file.
#include "base/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Config parsed(const std::string& text) {
  Result<Config> config = parse_config(text);
  if (!config) {
    ADD_FAILURE() << describe(config.error()) << "\nin:\n" << text;
    return {};
  }
  return *std::move(config);
}

// The only entry of the section [common].
ConfigEntry entry(const std::string& line) {
  const Config config = parsed("[common]\n" + line);
  if (config.size() != 1 || config[0].entries.size() != 1) {
    ADD_FAILURE() << "not one entry: " << line;
    return {};
  }
  return config[0].entries[0];
}

std::vector<std::string> texts(const ConfigEntry& entry) {
  std::vector<std::string> texts;
  for (const ConfigValue& value : entry.values) texts.push_back(value.text);
  return texts;
}

TEST(ConfigTest, AnEmptyTextHasNoSection) {
  for (const char* text : {"", "\n", "  \t", "# comment", "\n\n# a\r\n\n", "\xEF\xBB\xBF"}) {
    EXPECT_TRUE(parsed(text).empty()) << text;
  }
}

TEST(ConfigTest, SectionsKeysAndValuesHaveTheirLines) {
  const Config config = parsed(
      "# head\n"
      "[repo-scan]\n"
      "\n"
      "jobs = 4 # threads\n"
      "exclude = [  # what is not ours\n"
      "  \"a\", \"b\",\n"
      "\n"
      "  \"c\"]\n"
      "  [ policy ]  \r\n"
      "\tlist=\"x\"\r\n"
      "[common]");
  ASSERT_EQ(config.size(), 3U);
  EXPECT_EQ(config[0].name, "repo-scan");
  EXPECT_EQ(config[0].line, 2);
  ASSERT_EQ(config[0].entries.size(), 2U);
  EXPECT_EQ(config[0].entries[0].key, "jobs");
  EXPECT_EQ(config[0].entries[0].line, 4);
  EXPECT_EQ(config[0].entries[1].line, 5);
  ASSERT_EQ(config[0].entries[1].values.size(), 3U);
  EXPECT_EQ(config[0].entries[1].values[1].line, 6);
  EXPECT_EQ(config[0].entries[1].values[2].line, 8);
  EXPECT_EQ(config[1].name, "policy");
  EXPECT_EQ(config[1].line, 9);
  EXPECT_EQ(config[1].entries[0].line, 10);
  EXPECT_EQ(config[2].name, "common");
  EXPECT_TRUE(config[2].entries.empty());
}

TEST(ConfigTest, ASectionIsFoundByItsName) {
  const Config config = parsed("[common]\n[policy]\n");
  ASSERT_NE(find_section(config, "policy"), nullptr);
  EXPECT_EQ(find_section(config, "policy")->line, 2);
  EXPECT_EQ(find_section(config, "repo-dump"), nullptr);
}

TEST(ConfigTest, TheSectionsOfToolsToComeAreKnown) {
  EXPECT_EQ(parsed("[repo-restore]\nx = 1\n[repo-report]\ny = 2\n").size(), 2U);
}

struct ValueCase : test::NamedCase {
  std::string line;
  ConfigType type;
  std::vector<std::string> texts;
};

class ConfigValueTest : public testing::TestWithParam<ValueCase> {};

TEST_P(ConfigValueTest, IsRead) {
  const ConfigEntry read = entry(GetParam().line);
  EXPECT_EQ(read.type, GetParam().type);
  EXPECT_EQ(texts(read), GetParam().texts);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, ConfigValueTest,
    testing::Values(
        ValueCase{"string", "k = \"a b\"", ConfigType::kString, {"a b"}},
        ValueCase{"empty_string", "k = \"\"", ConfigType::kString, {""}},
        ValueCase{"literal_string", R"(k = 'a\b"c')", ConfigType::kString, {R"(a\b"c)"}},
        ValueCase{"empty_literal", "k = ''", ConfigType::kString, {""}},
        ValueCase{"hash_in_a_string", "k = \"a#b\" # c", ConfigType::kString, {"a#b"}},
        ValueCase{"comma_and_brackets", "k = \"[a,b]\"", ConfigType::kString, {"[a,b]"}},
        ValueCase{"escapes", R"(k = "\b\t\n\f\r\"\\")", ConfigType::kString, {"\b\t\n\f\r\"\\"}},
        ValueCase{"two_bytes", R"(k = "\u00e9")", ConfigType::kString, {"\xC3\xA9"}},
        ValueCase{"three_bytes", R"(k = "\u20AC")", ConfigType::kString, {"\xE2\x82\xAC"}},
        ValueCase{"four_bytes", R"(k = "\U0001F600")", ConfigType::kString, {"\xF0\x9F\x98\x80"}},
        ValueCase{"one_byte", R"(k = "\u0041")", ConfigType::kString, {"A"}},
        ValueCase{"not_utf8", "k = \"caf\xE9\"", ConfigType::kString, {"caf\xE9"}},
        ValueCase{"tab", "k = \"a\tb\"", ConfigType::kString, {"a\tb"}},
        ValueCase{"number", "k = 42", ConfigType::kNumber, {"42"}},
        ValueCase{"zero", "k=0", ConfigType::kNumber, {"0"}},
        ValueCase{"negative", "k = -7#x", ConfigType::kNumber, {"-7"}},
        ValueCase{"true_", "k = true", ConfigType::kBool, {"true"}},
        ValueCase{"false_", "k =false\r\n", ConfigType::kBool, {"false"}},
        ValueCase{"array", "k = [\"a\", 'b',3]", ConfigType::kArray, {"a", "b", "3"}},
        ValueCase{"empty_array", "k = []", ConfigType::kArray, {}},
        ValueCase{"empty_array_of_lines", "k = [ # x\n\n ]", ConfigType::kArray, {}},
        ValueCase{"comma_at_the_end", "k = [\"a\",\n]", ConfigType::kArray, {"a"}},
        ValueCase{"bracket_in_an_array", "k = [\"]\"]", ConfigType::kArray, {"]"}}),
    test::case_name);

struct MistakeCase : test::NamedCase {
  std::string text;
  int line;
  std::string word;
};

class ConfigMistakeTest : public testing::TestWithParam<MistakeCase> {};

TEST_P(ConfigMistakeTest, IsToldWithItsLineInOneSentence) {
  const Result<Config> config = parse_config(GetParam().text);
  ASSERT_FALSE(config) << "taken:\n" << GetParam().text;
  const std::string told = describe(config.error());
  EXPECT_THAT(told, StartsWith("line " + std::to_string(GetParam().line) + ": "));
  EXPECT_THAT(told, HasSubstr(GetParam().word));
  EXPECT_THAT(told, testing::Not(HasSubstr("\n")));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, ConfigMistakeTest,
    testing::Values(
        MistakeCase{"unknown_section", "\n[repo-dmup]\n", 2, "[repo-dmup]"},
        MistakeCase{"case_of_a_section", "[Policy]", 1, "[Policy]"},
        MistakeCase{"section_without_end", "[common", 1, "[name]"},
        MistakeCase{"section_without_name", "[]", 1, "[name]"},
        MistakeCase{"section_with_dots", "[common.x]", 1, "[name]"},
        MistakeCase{"section_twice", "[common]\n[policy]\n[common]\n", 3, "line 1"},
        MistakeCase{"array_of_tables", "[[common]]", 1, "[[...]]"},
        MistakeCase{"text_behind_a_section", "[common] x = 1", 1, "x = 1"},
        MistakeCase{"key_before_a_section", "jobs = 1", 1, "jobs"},
        MistakeCase{"key_twice", "[common]\na = 1\nb = 1\na = 2", 4, "line 2"},
        MistakeCase{"no_equals_sign", "[common]\njobs 4", 2, "jobs 4"},
        MistakeCase{"key_alone", "[common]\nquiet\n", 2, "quiet"},
        MistakeCase{"no_key", "[common]\n= 4", 2, "= 4"},
        MistakeCase{"dotted_key", "[common]\na.b = 4", 2, "a.b"},
        MistakeCase{"quoted_key", "[common]\n\"a\" = 4", 2, "\"a\""},
        MistakeCase{"dashes", "[common]\n--jobs = 4 x", 2, "x"},
        MistakeCase{"no_value", "[common]\nk =\n", 2, "k needs"},
        MistakeCase{"comment_for_a_value", "[common]\nk = # 4\n", 2, "k needs"},
        MistakeCase{"bare_word", "[common]\nk = yes", 2, "yes"},
        MistakeCase{"duration", "[common]\nk = 10m", 2, "10m"},
        MistakeCase{"capital_true", "[common]\nk = True", 2, "True"},
        MistakeCase{"fraction", "[common]\nk = 1.5", 2, "1.5"},
        MistakeCase{"octal", "[common]\nk = 010", 2, "010"},
        MistakeCase{"hexadecimal", "[common]\nk = 0x10", 2, "0x10"},
        MistakeCase{"plus", "[common]\nk = +1", 2, "+1"},
        MistakeCase{"bare_path", "[common]\nk = /srv", 2, "/srv"},
        MistakeCase{"inline_table", "[common]\nk = {a = 1}", 2, "{a"},
        MistakeCase{"two_values", "[common]\nk = 1 2", 2, "2"},
        MistakeCase{"text_behind_a_string", "[common]\nk = \"a\"b", 2, "b"},
        MistakeCase{"string_without_end", "[common]\nk = \"a\n\"", 2, "at its end"},
        MistakeCase{"string_without_end_of_text", "[common]\nk = \"a", 2, "at its end"},
        MistakeCase{"literal_without_end", "[common]\nk = 'a\r\n", 2, "at its end"},
        MistakeCase{"string_of_lines", "[common]\nk = \"\"\"\na\"\"\"", 2, "several lines"},
        MistakeCase{"literal_of_lines", "[common]\nk = '''a'''", 2, "several lines"},
        MistakeCase{"control_character", "[common]\nk = \"a\x1B[2J\"", 2, "control character"},
        MistakeCase{"nul", std::string("[common]\nk = \"a\0\"", 16), 2, "control character"},
        MistakeCase{"nul_outside", std::string("[common]\n\0", 10), 2, "key = value"},
        MistakeCase{"carriage_return", "[common]\nk = 1\rj = 2", 2, "k needs"},
        MistakeCase{"unknown_escape", R"([common]
k = "\d")",
                    2, "\"d\""},
        MistakeCase{"short_escape", R"([common]
k = "\u12")",
                    2, "4 hexadecimal"},
        MistakeCase{"surrogate", R"([common]
k = "\ud800")",
                    2, "no character"},
        MistakeCase{"nul_by_escape", R"([common]
k = "\u0000")",
                    2, "no character"},
        MistakeCase{"beyond_unicode", R"([common]
k = "\U00110000")",
                    2, "no character"},
        MistakeCase{"backslash_at_the_end", "[common]\nk = \"\\", 2, "backslash"},
        MistakeCase{"array_without_end", "[common]\n\nk = [\n\"a\",\n\n", 3, "no ]"},
        MistakeCase{"array_without_comma", "[common]\nk = [\"a\"\n\"b\"]", 3, "comma"},
        MistakeCase{"array_of_commas", "[common]\nk = [,]", 2, "k needs"},
        MistakeCase{"array_with_a_key", "[common]\nk = [\"a\",\nj = 1", 3, "j = 1"},
        MistakeCase{"array_of_bools", "[common]\nk = [true]", 2, "strings or numbers"},
        MistakeCase{"array_of_arrays", "[common]\nk = [[1]]", 2, "[1]"},
        MistakeCase{"text_behind_an_array", "[common]\nk = [1] 2", 2, "2"}),
    test::case_name);

// A damaged file is a mistake or something else that makes sense, and never the end of the tool.
TEST(ConfigTest, EveryBeginningOfAFileIsReadToItsEnd) {
  const std::string whole =
      "[common]\nquiet = true # x\n[policy]\nlist = [\"a\\u00e9\", 'b', 3,\n]\ndump = \"\\\\\"\n";
  int good = 0;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const Result<Config> config = parse_config(whole.substr(0, size));
    if (config) ++good;
    if (!config) {
      EXPECT_THAT(describe(config.error()), StartsWith("line "));
    }
  }
  EXPECT_GT(good, 10);
}

}  // namespace
}  // namespace repo
