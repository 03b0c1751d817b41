// Topics: create and delete them, add partitions.
#pragma once

#include "admin/operation.h"

AdminOperations TopicOperations();
