package dev.zmalloc.trace;

import io.airlift.compress.v3.zstd.ZstdInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/**
 * The bytes of a trace, decompressed, by the line or by the record, with the place in them that errors name. Closing it
 * closes the file. For a single thread.
 */
final class TraceInput implements AutoCloseable {
    /** How a file is compressed, known by its first bytes. */
    enum Compression {
        NONE(""),
        GZIP("\u001f\u008b"),
        XZ("\u00fd7zXZ\0"),
        ZSTD("(\u00b5/\u00fd");

        private final String magic;

        Compression(String magic) {
            this.magic = magic;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Compression of(byte[] head) {
            String begin = new String(head, StandardCharsets.ISO_8859_1);
            return Arrays.stream(values())
                    .filter(candidate -> candidate != NONE && begin.startsWith(candidate.magic))
                    .findFirst()
                    .orElse(NONE);
        }

        private InputStream decompressed(InputStream in) throws IOException {
            return switch (this) {
                case NONE -> in;
                case GZIP -> new GZIPInputStream(in, BUFFER_BYTES);
                case XZ -> new XZInputStream(in);
                case ZSTD -> new ZstdInputStream(in);
            };
        }
    }

    /** Longer lines are damage: the longest of a trace of prompts has some tens of thousand bytes. */
    static final int MAX_LINE_BYTES = 1 << 24;

    private static final int BUFFER_BYTES = 1 << 16;

    private final Path file;
    private final Compression compression;
    private final CountingStream compressed;
    private final InputStream in;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int limit;
    private long bufferOffset;
    private byte[] line = new byte[256];
    private int lineBytes;
    private long lineNumber;

    private TraceInput(Path file, Compression compression, CountingStream compressed) throws IOException {
        this.file = file;
        this.compression = compression;
        this.compressed = compressed;
        try {
            in = compression.decompressed(compressed);
        } catch (IOException | RuntimeException e) {
            throw corrupt(e);
        }
    }

    /**
     * Opens a file at its begin.
     *
     * @throws IOException if there is none, or its compression is broken from the start
     */
    static TraceInput open(Path file) throws IOException {
        Compression compression;
        try (InputStream begin = Files.newInputStream(file)) {
            compression = Compression.of(begin.readNBytes(8));
        }
        CountingStream compressed = new CountingStream(Files.newInputStream(file));
        try {
            return new TraceInput(file, compression, compressed);
        } catch (IOException | RuntimeException e) {
            compressed.close();
            throw e;
        }
    }

    Compression compression() {
        return compression;
    }

    /** Bytes of the file, compressed as it is, that were read so far. */
    long fileBytesRead() {
        return compressed.count;
    }

    /** The first {@code most} bytes, or fewer where there are fewer. Only before anything else is read. */
    byte[] head(int most) throws IOException {
        byte[] head = new byte[most];
        return Arrays.copyOf(head, readRecord(head));
    }

    /** Goes on to the next line, without its end. Returns false where there is none. */
    boolean nextLine() throws IOException {
        lineNumber++;
        lineBytes = 0;
        while (position < limit || fill()) {
            int end = position;
            while (end < limit && buffer[end] != '\n') {
                end++;
            }
            append(end - position);
            position = end;
            if (end < limit) {
                position++;
                trimCarriageReturn();
                return true;
            }
        }
        trimCarriageReturn();
        return lineBytes > 0;
    }

    private void append(int bytes) throws TraceException {
        if (bytes > MAX_LINE_BYTES - lineBytes) {
            throw damagedLine("the line is longer than " + MAX_LINE_BYTES + " bytes");
        }
        if (lineBytes + bytes > line.length) {
            line = Arrays.copyOf(line, Math.max(2 * line.length, lineBytes + bytes));
        }
        System.arraycopy(buffer, position, line, lineBytes, bytes);
        lineBytes += bytes;
    }

    private void trimCarriageReturn() {
        if (lineBytes > 0 && line[lineBytes - 1] == '\r') {
            lineBytes--;
        }
    }

    /** The line, in the first {@link #lineBytes} bytes; overwritten by the next. */
    byte[] line() {
        return line;
    }

    int lineBytes() {
        return lineBytes;
    }

    /** The part of the line from {@code begin} to {@code end}, cut where it is long, for a message. */
    String lineText(int begin, int end) {
        String text = new String(line, begin, Math.min(end - begin, 40), StandardCharsets.UTF_8);
        return "'" + text.replaceAll("\\p{Cntrl}", "?") + (end - begin > 40 ? "..." : "") + "'";
    }

    /** Fills {@code record}. Returns how many bytes there were: fewer at the end. */
    int readRecord(byte[] record) throws IOException {
        int done = 0;
        while (done < record.length && (position < limit || fill())) {
            int bytes = Math.min(record.length - done, limit - position);
            System.arraycopy(buffer, position, record, done, bytes);
            position += bytes;
            done += bytes;
        }
        return done;
    }

    /** Bytes that were taken so far, decompressed. */
    long offset() {
        return bufferOffset + position;
    }

    /** An error in the line taken last. */
    TraceException damagedLine(String what) {
        return new TraceException(file, "line " + lineNumber, what, null);
    }

    /** An error at an offset of the decompressed bytes. */
    TraceException damagedAt(long offset, String what) {
        return new TraceException(file, "byte " + offset, what, null);
    }

    private boolean fill() throws IOException {
        bufferOffset += limit;
        position = 0;
        limit = 0;
        try {
            int read = in.read(buffer);
            limit = Math.max(0, read);
            return read > 0;
        } catch (IOException | RuntimeException e) {
            throw corrupt(e);
        }
    }

    /** Decompressors throw all kinds of exceptions at what they do not understand. */
    private TraceException corrupt(Exception cause) {
        if (compression == Compression.NONE) {
            return new TraceException(file, "byte " + offset(), "cannot be read: " + cause.getMessage(), cause);
        }
        if (cause instanceof UnsupportedOperationException && compression == Compression.ZSTD) {
            String what = "zstd needs a JVM with --sun-misc-unsafe-memory-access=allow; or decompress the file before";
            return new TraceException(file, "", what, cause);
        }
        String what = cause instanceof EOFException
                ? "the " + compression + " data ends early: the file is cut off"
                : "the " + compression + " data is corrupt: " + reason(cause);
        String where = "byte " + offset() + " decompressed (up to byte " + compressed.count + " of the file)";
        return new TraceException(file, where, what, cause);
    }

    private static String reason(Exception cause) {
        @Nullable String message = cause.getMessage();
        return message == null
                ? cause.getClass().getSimpleName()
                : message.strip().replaceAll("\\s*\\R\\s*", " ");
    }

    @Override
    public void close() throws IOException {
        compressed.close();
    }

    /** Counts what is read through it. */
    private static final class CountingStream extends FilterInputStream {
        private long count;

        CountingStream(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int value = in.read();
            count += value < 0 ? 0 : 1;
            return value;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int read = in.read(target, offset, length);
            count += Math.max(0, read);
            return read;
        }
    }
}
