// Placeholders in a command's arguments.
#include "scanner/user_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace repo {
namespace {

using testing::HasSubstr;

TemplateValues values() {
  return {"/source", "/srv/app", "/staging/data",        "/staging/tmp",   "/prev", "app",
          "alice",   "web1",     "2026-01-31T23:59:59Z", {"a.db", "b.db"}, "b.db"};
}

std::string filled(const std::string& text) {
  const Result<std::string> result = fill_template(text, values());
  return result ? *result : "error: " + result.error().message;
}

TEST(UserTemplateTest, EachPlaceholderBecomesItsValueInsideTheArgument) {
  EXPECT_EQ(filled("{path}"), "/source");
  EXPECT_EQ(filled("--into={dest}/x"), "--into=/staging/data/x");
  EXPECT_EQ(filled("{source}"), "/srv/app");
  EXPECT_EQ(filled("{tmp}{prev}"), "/staging/tmp/prev");
  EXPECT_EQ(filled("{name} {user} {host} {time}"), "app alice web1 2026-01-31T23:59:59Z");
  EXPECT_EQ(filled("{match} {match.1} {match.2}"), "b.db a.db b.db");
  EXPECT_EQ(filled("{{path}} }}{{"), "{path} }{");
  EXPECT_EQ(filled(""), "");
}

TEST(UserTemplateTest, AMatchThatIsNotThereIsAnError) {
  EXPECT_EQ(filled("{match.3}"), "error: {match.3}: the signature matches 2 files");
}

// Nothing of a value is read again, by us or by a shell.
TEST(UserTemplateTest, D39_ValuesStayWhatTheyAre) {
  TemplateValues hostile = values();
  hostile.name = "; id {dest} $(id) `id` \n-rf {{";
  EXPECT_EQ(*fill_template("x{name}y", hostile), "x; id {dest} $(id) `id` \n-rf {{y");
}

TEST(UserTemplateTest, MistakesSayWhatIsAllowed) {
  const auto mistake = [](const std::string& text, TemplateUse use, bool each = false) {
    return mistake_in_template(text, use, each).value_or("");
  };
  EXPECT_EQ(mistake("{path} {tmp} {match.12}", TemplateUse::kSource), "");
  EXPECT_EQ(mistake("{path} {dest} {prev}", TemplateUse::kDump), "");
  EXPECT_EQ(mistake("{match}", TemplateUse::kDump, true), "");
  EXPECT_THAT(mistake("{pat}", TemplateUse::kDump),
              testing::AllOf(HasSubstr("{pat} is not known"), HasSubstr("{path}")));
  EXPECT_THAT(mistake("{path}", TemplateUse::kCopy),
              testing::AllOf(HasSubstr("no meaning here"), HasSubstr("{dest}")));
  EXPECT_THAT(mistake("{dest}", TemplateUse::kSource), HasSubstr("no meaning here"));
  EXPECT_THAT(mistake("{match.1}", TemplateUse::kAny), HasSubstr("not known"));
  EXPECT_THAT(mistake("{match}", TemplateUse::kDump), HasSubstr("for_each"));
  EXPECT_THAT(mistake("{match.0}", TemplateUse::kDump), HasSubstr("not known"));
  EXPECT_THAT(mistake("{match.99999}", TemplateUse::kDump), HasSubstr("not known"));
  EXPECT_THAT(mistake("{", TemplateUse::kDump), HasSubstr("nothing ends"));
  EXPECT_THAT(mistake("a}b", TemplateUse::kDump), HasSubstr("ends nothing"));
  EXPECT_THAT(mistake(std::string("a\0b", 3), TemplateUse::kDump), HasSubstr("NUL"));
}

TEST(UserTemplateTest, WhetherAMatchIsNamed) {
  EXPECT_TRUE(names_a_match("x{match}"));
  EXPECT_TRUE(names_a_match("{match.2}"));
  EXPECT_FALSE(names_a_match("{{match}}"));
  EXPECT_FALSE(names_a_match("match"));
}

}  // namespace
}  // namespace repo
