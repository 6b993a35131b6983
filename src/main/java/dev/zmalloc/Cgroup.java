package dev.zmalloc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the memory limit of this process' control group, of both versions of the interface.
 *
 * <p>{@code /proc/self/cgroup} tells the process' place in each hierarchy, and {@code /proc/self/mountinfo} where that
 * hierarchy is mounted and which part of it. A limit binds all groups below it, so all folders from the process' group
 * up to the mount point are read and the lowest limit counts. Both versions may be mounted at once, the memory
 * controller being in one of them; the other has no such files.
 *
 * <pre>
 *   version 1   N:memory:/PATH   MOUNT/PATH/memory.limit_in_bytes, and memory.stat: hierarchical_memory_limit
 *   version 2   0::/PATH         MOUNT/PATH/memory.max, a number or "max"
 * </pre>
 *
 * Whatever is missing, unreadable or no number is no limit.
 */
final class Cgroup {
    private static final String V1_TYPE = "cgroup";
    private static final String V2_TYPE = "cgroup2";
    private static final String MEMORY = "memory";
    private static final String UNIFIED_HIERARCHY = "0";
    private static final String HIERARCHICAL_LIMIT = "hierarchical_memory_limit ";

    /**
     * Version 1 writes no limit as the largest multiple of the page size that a signed word can hold. No machine has a
     * quarter of that, so what is above is none, whatever the page size.
     */
    private static final long UNLIMITED_BYTES = 1L << 61;

    /** Bytes of a path that would part the fields of {@code mountinfo} stand there as three octal digits. */
    private static final Pattern OCTAL_ESCAPE = Pattern.compile("\\\\([0-7]{3})");

    /** Places of the fields of {@code mountinfo}: those before the separator, and of those after it. */
    private static final int MOUNT_ROOT_FIELD = 3;

    private static final int MOUNT_POINT_FIELD = 4;
    private static final int TYPE_AFTER_SEPARATOR = 1;
    private static final int OPTIONS_AFTER_SEPARATOR = 3;

    private Cgroup() {}

    /** The lowest limit in bytes that binds this process of the system below {@code root}; empty if there is none. */
    static OptionalLong memoryLimit(Path root) {
        List<String> mounts = lines(root.resolve("proc/self/mountinfo"));
        OptionalLong lowest = OptionalLong.empty();
        for (String line : lines(root.resolve("proc/self/cgroup"))) {
            // hierarchy:controllers:path, where the path may have further colons
            String[] fields = line.split(":", 3);
            if (fields.length < 3) {
                continue;
            }
            if (Arrays.asList(fields[1].split(",")).contains(MEMORY)) {
                lowest = lower(lowest, v1Limit(folders(root, mounts, V1_TYPE, fields[2])));
            } else if (fields[0].equals(UNIFIED_HIERARCHY) && fields[1].isEmpty()) {
                lowest = lower(lowest, v2Limit(folders(root, mounts, V2_TYPE, fields[2])));
            }
        }
        return lowest;
    }

    private static OptionalLong v1Limit(List<Path> folders) {
        OptionalLong lowest = folders.isEmpty() ? OptionalLong.empty() : hierarchicalLimit(folders.getFirst());
        for (Path folder : folders) {
            // Old kernels let a group not count what the groups in it use: its limit does not bind those then.
            if (folder.equals(folders.getFirst())
                    || !firstLine(folder.resolve("memory.use_hierarchy")).equals("0")) {
                lowest = lower(lowest, number(firstLine(folder.resolve("memory.limit_in_bytes"))));
            }
        }
        return lowest;
    }

    /** The kernel's own sum of it, which also knows of groups above those that a container is shown. */
    private static OptionalLong hierarchicalLimit(Path folder) {
        return lines(folder.resolve("memory.stat")).stream()
                .filter(line -> line.startsWith(HIERARCHICAL_LIMIT))
                .map(line -> number(line.substring(HIERARCHICAL_LIMIT.length())))
                .findFirst()
                .orElse(OptionalLong.empty());
    }

    private static OptionalLong v2Limit(List<Path> folders) {
        OptionalLong lowest = OptionalLong.empty();
        for (Path folder : folders) {
            lowest = lower(lowest, number(firstLine(folder.resolve("memory.max"))));
        }
        return lowest;
    }

    /** The folders of the process' group and of those around it, innermost first; empty if none is mounted. */
    private static List<Path> folders(Path root, List<String> mounts, String type, String group) {
        List<Mount> ofType = mounts.stream()
                .map(Mount::parse)
                .filter(mount -> mount != null && mount.type.equals(type) && (type.equals(V2_TYPE) || mount.hasMemory))
                .toList();
        // A part of the hierarchy that the process is not in can be mounted too.
        return ofType.stream()
                .filter(mount -> mount.shows(group))
                .findFirst()
                .or(() -> ofType.stream().findFirst())
                .map(mount -> folders(root, mount, group))
                .orElse(List.of());
    }

    private static List<Path> folders(Path root, Mount mount, String group) {
        try {
            Path top = root.resolve(mount.point.substring(1)).normalize();
            Path folder = top.resolve(mount.inside(group)).normalize();
            List<Path> folders = new ArrayList<>();
            // A process can be outside of what its own view shows: such a path begins with "/..".
            Path each = folder.startsWith(top) ? folder : top;
            while (each != null && each.startsWith(top)) {
                folders.add(each);
                each = each.getParent();
            }
            return folders;
        } catch (InvalidPathException e) {
            return List.of();
        }
    }

    private static OptionalLong lower(OptionalLong left, OptionalLong right) {
        if (left.isEmpty() || right.isEmpty()) {
            return left.isEmpty() ? right : left;
        }
        return OptionalLong.of(Math.min(left.getAsLong(), right.getAsLong()));
    }

    /** Empty for what is no limit: "max", numbers too large, and what is no number at all. */
    private static OptionalLong number(String text) {
        try {
            long bytes = Long.parseLong(text.strip());
            return bytes >= 0 && bytes < UNLIMITED_BYTES ? OptionalLong.of(bytes) : OptionalLong.empty();
        } catch (NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    private static String firstLine(Path file) {
        List<String> lines = lines(file);
        return lines.isEmpty() ? "" : lines.getFirst().strip();
    }

    private static List<String> lines(Path file) {
        try {
            // Names of groups may be in any encoding; one that is not valid spoils no more than itself.
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        } catch (IOException e) {
            // Not there, or not for us to read: as good as no limit.
            return List.of();
        }
    }

    /**
     * One line of {@code mountinfo}, as far as it matters here: which part of a hierarchy is mounted, at which point,
     * and whether it is one of version 1 with the memory controller.
     */
    private record Mount(String type, String root, String point, boolean hasMemory) {
        /** Null for a line that is none. */
        static @Nullable Mount parse(String line) {
            List<String> fields = Arrays.asList(line.split(" "));
            // Optional fields come between the fixed ones and the separator.
            int separator = fields.indexOf("-");
            if (separator <= MOUNT_POINT_FIELD || fields.size() <= separator + OPTIONS_AFTER_SEPARATOR) {
                return null;
            }
            String point = unescaped(fields.get(MOUNT_POINT_FIELD));
            String root = unescaped(fields.get(MOUNT_ROOT_FIELD));
            if (!point.startsWith("/") || !root.startsWith("/")) {
                return null;
            }
            List<String> options = Arrays.asList(
                    fields.get(separator + OPTIONS_AFTER_SEPARATOR).split(","));
            return new Mount(fields.get(separator + TYPE_AFTER_SEPARATOR), root, point, options.contains(MEMORY));
        }

        /** Whether {@code group} is in the part that is mounted, going by the names of both. */
        boolean shows(String group) {
            return root.equals("/") || group.equals(root) || group.startsWith(root + "/");
        }

        /**
         * The path of {@code group} below the mount point. A container may be shown its own group only, by a path that
         * does not tell so: then that group is the mount point itself.
         */
        String inside(String group) {
            if (root.equals("/")) {
                return group.substring(Math.min(1, group.length()));
            }
            return group.startsWith(root + "/") ? group.substring(root.length() + 1) : "";
        }

        private static String unescaped(String path) {
            return OCTAL_ESCAPE
                    .matcher(path)
                    .replaceAll(
                            octal -> Matcher.quoteReplacement(Character.toString(Integer.parseInt(octal.group(1), 8))));
        }
    }
}
