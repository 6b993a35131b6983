package dev.zmalloc.metrics;

import java.lang.management.ManagementFactory;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/**
 * Shows {@link ZMallocMXBean} to management clients, when the program asks for it: nothing is registered by itself.
 *
 * <p>It needs the module {@code java.management}, which the rest of the library does without.
 */
public final class ZMallocManagement {
    /** The name that the bean is registered under. */
    public static final String OBJECT_NAME = "dev.zmalloc:type=ZMalloc";

    private ZMallocManagement() {}

    /**
     * Registers the bean with the platform's server, if none of its name is there yet.
     *
     * @return whether this call registered it
     * @throws UnsupportedOperationException if the module {@code java.management} is not there; the message says how to
     *     add it
     */
    public static boolean register() {
        requireModule();
        return Server.register();
    }

    /**
     * Takes the bean back out, and tells whether it was there.
     *
     * @throws UnsupportedOperationException if the module {@code java.management} is not there
     */
    public static boolean unregister() {
        requireModule();
        return Server.unregister();
    }

    private static void requireModule() {
        try {
            Class.forName("javax.management.MBeanServer", false, ZMallocManagement.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            throw new UnsupportedOperationException(
                    "the module java.management, which " + OBJECT_NAME + " needs, is not in this JVM: start it with"
                            + " --add-modules java.management, or require the module, or have jlink put it into the"
                            + " image",
                    e);
        }
    }

    /** All that touches the module, in a class that is loaded only where it is there. */
    private static final class Server {
        private Server() {}

        static boolean register() {
            try {
                server().registerMBean(new ZMallocBean(), new ObjectName(OBJECT_NAME));
                return true;
            } catch (InstanceAlreadyExistsException e) {
                return false;
            } catch (JMException e) {
                throw new IllegalStateException("cannot register " + OBJECT_NAME, e);
            }
        }

        static boolean unregister() {
            try {
                server().unregisterMBean(new ObjectName(OBJECT_NAME));
                return true;
            } catch (InstanceNotFoundException e) {
                return false;
            } catch (JMException e) {
                throw new IllegalStateException("cannot unregister " + OBJECT_NAME, e);
            }
        }

        private static MBeanServer server() {
            return ManagementFactory.getPlatformMBeanServer();
        }
    }
}
