// Blocks of memory on their way to JavaScript, used again once they are collected. No Node-API here.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

namespace wire {

struct Free {
  void operator()(uint8_t* pointer) const noexcept { std::free(pointer); }
};

using Block = std::unique_ptr<uint8_t, Free>;

// Keeps the blocks of collected chunks for new ones: fresh memory costs a page fault every 4 KiB, which at a gigabyte a
// second is more than the copying. One per environment. Blocks of chunks come back on its JS thread, when the chunks
// are collected; blocks of packs come back on a poll thread.
class SlabPool {
 public:
  // Holds a full chunk of small messages with its columns.
  static constexpr size_t kBlockBytes = 640 * 1024;
  // Other sizes are not pooled.
  static constexpr size_t kLeastBytes = 160 * 1024;
  // About as many as are released between two garbage collections at full rate.
  static constexpr size_t kMostBlocks = 64;

  Block Take();
  void Put(Block block);

 private:
  std::mutex mutex_;
  std::vector<Block> blocks_;
};

// One heap block on its way to JavaScript.
struct Slab {
  Block data;
  size_t size = 0;
  std::shared_ptr<SlabPool> pool;

  static Slab Of(size_t size, const std::shared_ptr<SlabPool>& pool = nullptr);
  Slab() = default;
  Slab(Slab&&) = default;
  Slab& operator=(Slab&&) = default;
  ~Slab() {
    if (pool && data) pool->Put(std::move(data));
  }
};

}  // namespace wire
