#include "fairlead/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace fairlead {
namespace {

TEST(Result, HoldsEither) {
  const Result<int> value = 7;
  EXPECT_TRUE(value.ok());
  EXPECT_EQ(*value, 7);
  const Result<int> error = Error{"no", "", 0, 0, ""};
  EXPECT_FALSE(error.ok());
  EXPECT_EQ(error.error().message, "no");
}

TEST(Result, MovesOut) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  const std::unique_ptr<int> value = *std::move(result);
  EXPECT_EQ(*value, 3);
}

TEST(ResultDeathTest, ValueOfAnErrorSaysTheError) {
  const Result<int> error = Error{"no such file", "x.yaml", 0, 0, ""};
  EXPECT_DEATH((void)*error, "check failed.*x.yaml: no such file");
  EXPECT_DEATH((void)Result<int>(1).error(), "check failed.*error\\(\\) of a value");
}

TEST(Error, SaysWhatIsKnown) {
  EXPECT_EQ((Error{"bad", "f.yaml", 3, 4, "a.b"}).ToString(), "f.yaml:3:4: a.b: bad");
  EXPECT_EQ((Error{"bad", "f.yaml", 3, 0, ""}).ToString(), "f.yaml:3: bad");
  EXPECT_EQ((Error{"bad", "f.yaml", 0, 0, "a"}).ToString(), "f.yaml: a: bad");
  EXPECT_EQ((Error{"bad", "", 3, 4, ""}).ToString(), "line 3:4: bad");
  EXPECT_EQ((Error{"bad", "", 0, 0, ""}).ToString(), "bad");
}

}  // namespace
}  // namespace fairlead
