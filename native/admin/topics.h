// Topics: create and delete them, add partitions.
#pragma once

#include "admin/operation.h"

extern const std::vector<AdminOperation> kTopicOperations;
