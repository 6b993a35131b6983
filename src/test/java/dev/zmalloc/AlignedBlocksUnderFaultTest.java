package dev.zmalloc;

import org.junit.jupiter.api.Tag;

/** The same over an allocator that checks the size it is told in every free. */
@Tag("fault")
class AlignedBlocksUnderFaultTest extends AlignedBlocksTest {}
