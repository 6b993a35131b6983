package dev.zmalloc.trace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file that holds a trace, compressed by gzip, xz or zstd or not at all. It is read anew, as a stream, for each pass.
 *
 * @param path the file
 * @param format how it writes requests
 * @param compression {@code none}, {@code gzip}, {@code xz} or {@code zstd}
 * @param fileBytes the length of the file, compressed as it is
 */
public record TraceFile(Path path, TraceFormat format, String compression, long fileBytes) {
    /**
     * Looks at the begin of a file.
     *
     * @param format the format that the caller says it has, or {@code null} to know it by the content
     * @throws TraceException if there is no such file, its compression is damaged, or its format is not known
     */
    public static TraceFile of(Path path, @Nullable TraceFormat format) throws IOException {
        if (!Files.isRegularFile(path) || !Files.isReadable(path)) {
            String what = Files.isDirectory(path)
                    ? "is a folder"
                    : Files.isReadable(path)
                            ? "is not a plain file, and a trace is read more than once"
                            : Files.exists(path) ? "may not be read" : "there is no such file";
            throw new TraceException(path, "", what, null);
        }
        try (TraceInput in = TraceInput.open(path)) {
            byte[] head = in.head(TraceFormat.HEAD_BYTES);
            if (head.length == 0) {
                throw new TraceException(path, "", "is empty", null);
            }
            TraceFormat known = format != null ? format : TraceFormat.recognise(head);
            if (known == null) {
                throw new TraceException(path, "", "is of no format that is known by its content", null);
            }
            return new TraceFile(path, known, in.compression().toString(), Files.size(path));
        }
    }

    /** Opens the trace at its first request. The caller closes the reader. */
    public TraceReader open() throws IOException {
        return format.reader(TraceInput.open(path));
    }
}
