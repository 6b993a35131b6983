package dev.zmalloc.cli;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import dev.zmalloc.metrics.ZMallocManagement;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import javax.management.MBeanServerConnection;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import org.jspecify.annotations.Nullable;

/** A JVM whose management beans are read: this one, or another by its process id, of the same user. */
final class WatchedJvm implements AutoCloseable {
    private final MBeanServerConnection beans;
    private final @Nullable JMXConnector connector;
    private final boolean registered;

    private WatchedJvm(MBeanServerConnection beans, @Nullable JMXConnector connector, boolean registered) {
        this.beans = beans;
        this.connector = connector;
        this.registered = registered;
    }

    /** The JVM of a process; this one, without an id. */
    @SuppressWarnings("BanJNDI") // the address is what the JVM that was attached to gave itself
    static WatchedJvm of(@Nullable Long pid) throws IOException {
        if (pid == null || pid == ProcessHandle.current().pid()) {
            return new WatchedJvm(ManagementFactory.getPlatformMBeanServer(), null, ZMallocManagement.register());
        }
        requireJvm(Path.of("/proc", pid.toString(), "maps"), pid);
        try {
            VirtualMachine machine = VirtualMachine.attach(Long.toString(pid));
            String url;
            try {
                url = machine.startLocalManagementAgent();
            } finally {
                machine.detach();
            }
            JMXConnector connector = JMXConnectorFactory.connect(new JMXServiceURL(url));
            return new WatchedJvm(connector.getMBeanServerConnection(), connector, false);
        } catch (AttachNotSupportedException | IOException e) {
            throw new IOException("process " + pid + " is no JVM that can be attached to: " + e.getMessage(), e);
        }
    }

    /**
     * Refuses a process that has no JVM in it. To be attached to, a process is sent SIGQUIT, by which some others than
     * a JVM shut down.
     *
     * @param maps tells the files in its memory; where that cannot be read, the attempt tells why
     */
    private static void requireJvm(Path maps, long pid) throws IOException {
        boolean isJvm;
        try (Stream<String> lines = Files.lines(maps, StandardCharsets.ISO_8859_1)) {
            isJvm = lines.anyMatch(line -> line.contains("libjvm"));
        } catch (IOException | UncheckedIOException e) {
            return;
        }
        if (!isJvm) {
            throw new IOException("process " + pid + " is no JVM that can be attached to: there is no libjvm in it");
        }
    }

    /** What it tells now. */
    MemoryReport report() throws IOException {
        return MemoryReport.of(beans);
    }

    @Override
    public void close() {
        if (registered) {
            ZMallocManagement.unregister();
        }
        if (connector != null) {
            try {
                connector.close();
            } catch (IOException e) {
                // It has gone already.
            }
        }
    }
}
