// Writes the page of each sample report into a directory: NAME.html. For tests with a browser.
#include <cstdio>
#include <fstream>

#include "reporter/html.h"
#include "tests/support/sample_reports.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: report_pages DIR\n", stderr);
    return 2;
  }
  for (const auto& [name, make] : repo::test::sample_reports()) {
    std::ofstream file(std::string(argv[1]) + "/" + name + ".html", std::ios::binary);
    file << repo::html_of(make()) << std::flush;
    if (!file) return 1;
  }
  return 0;
}
