package dev.zmalloc.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderNotFoundException;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The class files and resources of the running JDK, read through its {@code jrt:/} file system: some 28,000 files and
 * 137 MiB in a JDK 25, and there on every machine that runs this program. Files are ordered by name, so that an index
 * means the same file in every run on the same JDK.
 */
final class JdkFiles implements SourceFiles {
    @SuppressWarnings("ArrayRecordComponent") // Files are told apart by their index, never compared.
    private record JdkFile(Path path, String name, byte[] key) {}

    private final List<JdkFile> files;
    private final long totalBytes;

    private JdkFiles(List<JdkFile> files, long totalBytes) {
        this.files = files;
        this.totalBytes = totalBytes;
    }

    /**
     * Lists the files of the running JDK; fails if this runtime has no {@code jrt:/} file system, or no files in it.
     */
    static JdkFiles open() throws IOException {
        List<JdkFile> files = new ArrayList<>();
        long[] totalBytes = {0};
        Files.walkFileTree(modules(), new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
                if (attributes.isRegularFile()) {
                    String name = path.toString();
                    files.add(new JdkFile(path, name, name.getBytes(StandardCharsets.UTF_8)));
                    totalBytes[0] += attributes.size();
                }
                return FileVisitResult.CONTINUE;
            }
        });
        if (files.isEmpty()) {
            throw new IOException("jrt:/modules of this Java runtime holds no files");
        }
        files.sort(Comparator.comparing(JdkFile::name));
        return new JdkFiles(List.copyOf(files), totalBytes[0]);
    }

    private static Path modules() throws IOException {
        try {
            FileSystem runtime = FileSystems.getFileSystem(URI.create("jrt:/"));
            return runtime.getPath("/modules");
        } catch (FileSystemNotFoundException | ProviderNotFoundException e) {
            throw new IOException("this Java runtime has no jrt:/ file system", e);
        }
    }

    @Override
    public String title() {
        return "files of JDK " + Runtime.version() + " (jrt:/modules)";
    }

    @Override
    public int count() {
        return files.size();
    }

    @Override
    public long totalBytes() {
        return totalBytes;
    }

    @Override
    public String name(int index) {
        return files.get(index).name();
    }

    @Override
    public byte[] key(int index) {
        return files.get(index).key();
    }

    @Override
    public byte[] read(int index) throws IOException {
        return Files.readAllBytes(files.get(index).path());
    }
}
