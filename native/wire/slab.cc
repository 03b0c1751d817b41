#include "wire/slab.h"

namespace wire {

namespace {
Block Allocate(size_t size) {
  Block block(static_cast<uint8_t*>(std::malloc(size)));
  if (!block) std::abort();
  return block;
}
}  // namespace

Block SlabPool::Take() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (blocks_.empty()) {
    lock.unlock();
    return Allocate(kBlockBytes);
  }
  Block block = std::move(blocks_.back());
  blocks_.pop_back();
  return block;
}

void SlabPool::Put(Block block) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (blocks_.size() < kMostBlocks) blocks_.push_back(std::move(block));
}

Slab Slab::Of(size_t size, const std::shared_ptr<SlabPool>& pool) {
  Slab slab;
  slab.size = size;
  if (pool && size >= SlabPool::kLeastBytes && size <= SlabPool::kBlockBytes) slab.pool = pool;
  slab.data = slab.pool ? pool->Take() : Allocate(size);
  return slab;
}

}  // namespace wire
