// What the tests of all tools' options ask of a parser: its help, its version, and what it says of
// a configuration.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <variant>

#include "base/options_message.h"
#include "tests/support/table.h"

namespace repo::test {

// What was said instead of options; a failure, and empty, where there were options.
template <typename Options>
OptionsMessage message_of(const std::variant<Options, OptionsMessage>& parsed) {
  if (const auto* message = std::get_if<OptionsMessage>(&parsed)) return *message;
  ADD_FAILURE() << "taken";
  return {};
}

inline void expect_help(const OptionsMessage& help, std::initializer_list<const char*> words) {
  EXPECT_EQ(help.exit_status, 0);
  for (const char* word : words) EXPECT_THAT(help.text, testing::HasSubstr(word));
}

inline void expect_version(const OptionsMessage& version, const std::string& tool) {
  EXPECT_EQ(version.exit_status, 0);
  EXPECT_THAT(version.text, testing::StartsWith(tool + " "));
}

// A line of a tool's section that is wrong, and the word that the message must have.
struct ConfigMistakeCase : NamedCase {
  std::string line;
  std::string word;
};

// The line is the second one of its file.
inline void expect_mistake(const OptionsMessage& message, const ConfigMistakeCase& mistake) {
  EXPECT_EQ(message.exit_status, 2);
  EXPECT_THAT(message.text, testing::HasSubstr("config.toml: line 2: "));
  EXPECT_THAT(message.text, testing::HasSubstr(mistake.word));
}

}  // namespace repo::test
