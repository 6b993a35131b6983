package dev.zmalloc.cli;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import dev.zmalloc.metrics.ZMallocManagement;
import java.io.IOException;
import java.lang.management.ManagementFactory;
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
