package dev.zmalloc.trace;

import io.airlift.compress.v3.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Reads a trace in zstd: whole, cut, and with each of its bytes changed. */
final class ZstdProbe {
    private ZstdProbe() {}

    /** Writes the files into the folder that the argument names. */
    public static void main(String[] arguments) throws IOException {
        Path file = Path.of(arguments[0], "trace");
        byte[] whole = compressed(50_000);
        System.out.println("requests=" + requests(file, whole));
        try {
            requests(file, Arrays.copyOf(whole, whole.length / 2));
        } catch (TraceException e) {
            System.out.println("cut=" + e.getMessage());
        }
        byte[] small = compressed(300);
        for (int index = 0; index < small.length; index++) {
            for (int bit = 0; bit < Byte.SIZE; bit++) {
                byte[] changed = small.clone();
                changed[index] ^= (byte) (1 << bit);
                try {
                    requests(file, changed);
                } catch (TraceException e) {
                    // Refused, as it may be.
                }
            }
        }
        System.out.println("changed=read or refused");
    }

    private static long requests(Path file, byte[] bytes) throws IOException {
        Files.write(file, bytes);
        return TraceSummary.of(TraceFile.of(file, TraceFormat.KEYS), 1, false, done -> true)
                .requests();
    }

    private static byte[] compressed(int lines) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new ZstdOutputStream(bytes)) {
            for (int line = 0; line < lines; line++) {
                out.write(("key" + line * 7 % 500 + "\n").getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            }
        }
        return bytes.toByteArray();
    }
}
