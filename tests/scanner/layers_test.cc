#include "scanner/layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct LayersCase : test::NamedCase {
  std::string folder;
  std::set<std::string_view> beside;
  std::string engine;  // empty: none
};

class LayersTest : public testing::TestWithParam<LayersCase> {};

TEST_P(LayersTest, S6_AreToldByWhatLiesBesideThem) {
  const Engine* engine = layers_of(
      GetParam().folder, [](std::string_view name) { return GetParam().beside.contains(name); });
  EXPECT_EQ(engine ? engine->name : "", GetParam().engine);
}

INSTANTIATE_TEST_SUITE_P(
    Engines, LayersTest,
    testing::Values(
        LayersCase{"docker", "overlay2", {"containers", "image", "volumes"}, "docker"},
        LayersCase{"podman", "overlay", {"overlay-images", "overlay-layers", "libpod"}, "podman"},
        LayersCase{"containerd",
                   "io.containerd.snapshotter.v1.overlayfs",
                   {"io.containerd.content.v1.content", "io.containerd.metadata.v1.bolt"},
                   "containerd"},
        LayersCase{"a_folder_of_that_name", "overlay2", {"src"}, ""},
        LayersCase{"half_of_it", "overlay", {"overlay-images"}, ""},
        LayersCase{"dockers_volumes", "volumes", {"containers", "image", "overlay2"}, ""},
        LayersCase{"podmans_images", "overlay-images", {"overlay", "overlay-layers"}, ""},
        // A container that runs is nowhere else with this driver.
        LayersCase{"podman_vfs", "vfs", {"vfs-images", "vfs-layers"}, ""}),
    test::case_name);

Mount overlay(std::vector<std::string> options) {
  Mount mount;
  mount.type = "overlay";
  mount.options = std::move(options);
  return mount;
}

TEST(UpperFoldersTest, AreThoseThatTheMountWritesTo) {
  EXPECT_THAT(upper_folders(overlay({"rw", "lowerdir=/l", "upperdir=/u/diff", "workdir=/u/w"})),
              ElementsAre("/u/diff", "/u/w/work", "/u/w/index"));
}

TEST(UpperFoldersTest, WhatIsNoPathFromHereIsNone) {
  EXPECT_THAT(upper_folders(overlay({"upperdir=l/diff", "workdir=/u/../work", "upperdir="})),
              IsEmpty());
  Mount other = overlay({"upperdir=/u"});
  other.type = "ext4";
  EXPECT_THAT(upper_folders(other), IsEmpty());
}

}  // namespace
}  // namespace repo
