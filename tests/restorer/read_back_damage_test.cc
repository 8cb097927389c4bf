// Each way in which a copy may not be what was recorded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/digest.h"
#include "tests/restorer/read_back_fixture.h"
#include "tests/support/table.h"

namespace repo {
namespace {

namespace fs = std::filesystem;

void edit(const std::string& path, const std::function<void(std::string&)>& change) {
  std::string text = test::read_file(path);
  change(text);
  test::write_file(path, text);
}
void put_link(const std::string& path, const std::string& text) {
  fs::remove_all(path);
  test::make_link(path, text);
}

struct DamageCase : test::NamedCase {
  std::function<void(const std::string& generation)> spoil;
  std::string named;
};

class DamageTest : public ReadBackTest, public testing::WithParamInterface<DamageCase> {};

TEST_P(DamageTest, R8_IsFoundAndNamed) {
  make(make_source);
  expect_whole();
  GetParam().spoil(generation_);
  expect_damage(GetParam().named);
}

INSTANTIATE_TEST_SUITE_P(
    Files, DamageTest,
    testing::Values(
        DamageCase{"byte_flipped",
                   [](const std::string& g) {
                     edit(g + "/data/db/revs/0", [](std::string& text) { text[3] ^= 1; });
                   },
                   "data/db/revs/0"},
        DamageCase{"truncated",
                   [](const std::string& g) { test::write_file(g + "/data/format", ""); },
                   "data/format"},
        DamageCase{"longer",
                   [](const std::string& g) {
                     edit(g + "/data/db/empty", [](std::string& text) { text += '\0'; });
                   },
                   "data/db/empty"},
        DamageCase{"missing", [](const std::string& g) { fs::remove(g + "/data/db/revs/0"); },
                   "data/db/revs/0"},
        DamageCase{"last_missing", [](const std::string& g) { fs::remove(g + "/data/twin"); },
                   "data/twin"},
        DamageCase{"extra", [](const std::string& g) { test::write_file(g + "/data/db/a", ""); },
                   "data/db/a"},
        DamageCase{"extra_at_the_end",
                   [](const std::string& g) { test::write_file(g + "/data/zzz", ""); }, "data/zzz"},
        DamageCase{"two_exchanged",
                   [](const std::string& g) {
                     fs::rename(g + "/data/db/revs/0", g + "/kept");
                     fs::rename(g + "/data/db/revs.x", g + "/data/db/revs/0");
                     fs::rename(g + "/kept", g + "/data/db/revs.x");
                   },
                   "data/db/revs/0"},
        DamageCase{"a_folder_in_its_place",
                   [](const std::string& g) {
                     fs::remove(g + "/data/db/empty");
                     test::make_folder(g + "/data/db/empty");
                   },
                   "data/db/empty"},
        DamageCase{"a_fifo_in_its_place",
                   [](const std::string& g) {
                     fs::remove(g + "/data/db/empty");
                     test::make_fifo(g + "/data/db/empty");
                   },
                   "data/db/empty"},
        DamageCase{"fifo_planted",
                   [](const std::string& g) { test::make_fifo(g + "/data/db/pipe"); },
                   "data/db/pipe"},
        DamageCase{"socket_planted",
                   [](const std::string& g) { test::make_socket(g + "/data/socket"); },
                   "data/socket"}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Links, DamageTest,
    testing::Values(
        DamageCase{"extra",
                   [](const std::string& g) { test::make_link(g + "/data/new", "format"); },
                   "data/new"},
        DamageCase{"missing", [](const std::string& g) { fs::remove(g + "/data/db/away"); },
                   "data/db/away"},
        // SHA256SUMS says nothing of links: one digest over all of them does.
        DamageCase{"of_another_text",
                   [](const std::string& g) { put_link(g + "/data/link", "/etc/passwd"); }, "data"},
        DamageCase{"two_exchanged",
                   [](const std::string& g) {
                     put_link(g + "/data/link", "/nowhere");
                     put_link(g + "/data/db/away", "format");
                   },
                   "data"},
        DamageCase{"a_file_in_its_place",
                   [](const std::string& g) {
                     fs::remove(g + "/data/link");
                     test::write_file(g + "/data/link", "5\n");
                   },
                   "data/link"},
        DamageCase{"in_place_of_an_identical_file",
                   [](const std::string& g) { put_link(g + "/data/twin", "format"); }, "data/twin"},
        DamageCase{"in_place_of_a_file_to_one_elsewhere",
                   [](const std::string& g) {
                     fs::rename(g + "/data/format", g + "/format");
                     test::make_link(g + "/data/format", g + "/format");
                   },
                   "data/format"},
        DamageCase{"in_place_of_a_folder",
                   [](const std::string& g) {
                     fs::rename(g + "/data/db", g + "/db");
                     test::make_link(g + "/data/db", g + "/db");
                   },
                   "data/db"},
        DamageCase{"in_place_of_data",
                   [](const std::string& g) {
                     fs::rename(g + "/data", g + "/elsewhere");
                     test::make_link(g + "/data", "elsewhere");
                   },
                   "data"}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Folders, DamageTest,
    testing::Values(DamageCase{"extra_empty_one",
                               [](const std::string& g) { test::make_folder(g + "/data/new"); },
                               "data"},
                    DamageCase{"missing_empty_one",
                               [](const std::string& g) { fs::remove(g + "/data/hollow"); },
                               "data/hollow"},
                    DamageCase{"a_file_in_its_place",
                               [](const std::string& g) {
                                 fs::remove(g + "/data/hollow");
                                 test::write_file(g + "/data/hollow", "");
                               },
                               "data/hollow"},
                    DamageCase{"data_missing",
                               [](const std::string& g) { fs::remove_all(g + "/data"); }, "data"},
                    DamageCase{"data_is_a_file",
                               [](const std::string& g) {
                                 fs::remove_all(g + "/data");
                                 test::write_file(g + "/data", "");
                               },
                               "data"}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Lists, DamageTest,
    testing::Values(
        DamageCase{"checksums_edited",
                   [](const std::string& g) {
                     const std::string odd = "edited";
                     test::write_file(g + "/data/format", odd);
                     edit(g + "/SHA256SUMS", [&](std::string& text) {
                       const std::size_t at = text.find(sha256_hex("5\n") + "  data/format");
                       ASSERT_NE(at, std::string::npos);
                       text.replace(at, 64, sha256_hex(odd));
                     });
                   },
                   "SHA256SUMS"},
        DamageCase{"checksums_cut",
                   [](const std::string& g) {
                     edit(g + "/SHA256SUMS", [](std::string& text) { text.pop_back(); });
                   },
                   "SHA256SUMS"},
        DamageCase{"checksums_empty",
                   [](const std::string& g) { test::write_file(g + "/SHA256SUMS", ""); },
                   "SHA256SUMS"},
        DamageCase{"checksums_missing", [](const std::string& g) { fs::remove(g + "/SHA256SUMS"); },
                   "SHA256SUMS"},
        DamageCase{"checksums_a_link",
                   [](const std::string& g) {
                     fs::rename(g + "/SHA256SUMS", g + "/real");
                     test::make_link(g + "/SHA256SUMS", "real");
                   },
                   "SHA256SUMS"},
        DamageCase{"checksums_a_folder",
                   [](const std::string& g) {
                     fs::remove(g + "/SHA256SUMS");
                     test::make_folder(g + "/SHA256SUMS");
                   },
                   "SHA256SUMS"},
        DamageCase{"checksums_a_fifo",
                   [](const std::string& g) {
                     fs::remove(g + "/SHA256SUMS");
                     test::make_fifo(g + "/SHA256SUMS");
                   },
                   "SHA256SUMS"},
        DamageCase{"owners_edited",
                   [](const std::string& g) {
                     edit(g + "/owners", [](std::string& text) { text.replace(2, 4, "4777"); });
                   },
                   "owners"},
        DamageCase{"owners_cut",
                   [](const std::string& g) {
                     edit(g + "/owners", [](std::string& text) { text.resize(text.size() / 2); });
                   },
                   "owners"},
        DamageCase{"owners_missing", [](const std::string& g) { fs::remove(g + "/owners"); },
                   "owners"},
        DamageCase{"owners_a_link",
                   [](const std::string& g) {
                     fs::rename(g + "/owners", g + "/real");
                     test::make_link(g + "/owners", "real");
                   },
                   "owners"}),
    test::case_name);

// Lists that are as they were written, and were written wrongly.
struct WrongListCase : test::NamedCase {
  std::string list;
  std::function<void(std::string& text)> change;
  std::string named;
};

class WrongListTest : public ReadBackTest, public testing::WithParamInterface<WrongListCase> {};

TEST_P(WrongListTest, IsDamageToo) {
  make(make_source);
  const std::string path = generation_ + "/" + GetParam().list;
  edit(path, GetParam().change);
  (GetParam().list == "owners" ? record_.owners_sha256 : record_.checksums_sha256) =
      sha256_hex(test::read_file(path));
  expect_damage(GetParam().named);
}

INSTANTIATE_TEST_SUITE_P(
    Lists, WrongListTest,
    testing::Values(WrongListCase{"a_line_that_is_none", "SHA256SUMS",
                                  [](auto& text) { text = "x\n" + text; }, "SHA256SUMS"},
                    WrongListCase{"an_empty_line_at_the_end", "SHA256SUMS",
                                  [](auto& text) { text += "\n"; }, "SHA256SUMS"},
                    WrongListCase{"a_line_twice", "SHA256SUMS",
                                  [](auto& text) {
                                    text += text.substr(text.rfind('\n', text.size() - 2) + 1);
                                  },
                                  "data/twin"},
                    WrongListCase{"in_another_order", "SHA256SUMS",
                                  [](auto& text) {
                                    const std::size_t first = text.find('\n') + 1;
                                    text = text.substr(first) + text.substr(0, first);
                                  },
                                  "data/db/empty"},
                    WrongListCase{"a_way_out", "SHA256SUMS",
                                  [](auto& text) {
                                    text = std::string(64, '0') + "  ../../etc/passwd\n" + text;
                                  },
                                  "../../etc/passwd"},
                    WrongListCase{"an_owner_that_is_none", "owners",
                                  [](auto& text) { text += "f 0644 0\n"; }, "owners"},
                    WrongListCase{"an_owner_of_nothing", "owners",
                                  [](auto& text) { text += "f 0644 0 0 - zzz\n"; }, "data/zzz"}),
    test::case_name);

}  // namespace
}  // namespace repo
