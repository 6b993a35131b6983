package dev.zmalloc.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/** Files that exist in memory only, of random sizes and contents, for tests; a test can spoil what it reads. */
final class MemoryFiles implements SourceFiles {
    /** Stands between a read and what the reader gets. */
    @FunctionalInterface
    interface Spoiler {
        /** Returns what read number {@code reads} (from 1) gets instead of {@code content}, which it may change. */
        byte[] spoil(long reads, byte[] content) throws IOException;
    }

    private final byte[][] contents;
    private final Spoiler spoiler;
    private final AtomicLong reads = new AtomicLong();

    /** Makes {@code count} files of 0 to {@code maxBytes} bytes. */
    MemoryFiles(int count, int maxBytes, Spoiler spoiler) {
        SplittableRandom random = new SplittableRandom(11);
        contents = new byte[count][];
        for (int index = 0; index < count; index++) {
            contents[index] = new byte[random.nextInt(maxBytes + 1)];
            random.nextBytes(contents[index]);
        }
        this.spoiler = spoiler;
    }

    /** Makes files that read as they are. */
    MemoryFiles(int count, int maxBytes) {
        this(count, maxBytes, (reads, content) -> content);
    }

    @Override
    public String title() {
        return "files in memory";
    }

    @Override
    public int count() {
        return contents.length;
    }

    @Override
    public long totalBytes() {
        long total = 0;
        for (byte[] content : contents) {
            total += content.length;
        }
        return total;
    }

    @Override
    public String name(int index) {
        return "file-" + index;
    }

    @Override
    public byte[] key(int index) {
        return name(index).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public byte[] read(int index) throws IOException {
        return spoiler.spoil(reads.incrementAndGet(), contents[index].clone());
    }
}
