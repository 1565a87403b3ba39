package org.assay.interop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.Map;
import quickfix.Application;
import quickfix.Connector;
import quickfix.DefaultMessageFactory;
import quickfix.FieldNotFound;
import quickfix.FileStoreFactory;
import quickfix.Log;
import quickfix.LogFactory;
import quickfix.Message;
import quickfix.Session;
import quickfix.SessionID;
import quickfix.SessionSettings;
import quickfix.SocketAcceptor;
import quickfix.SocketInitiator;

/**
 * QuickFIX/J as a process: {@code initiator|acceptor SETTINGS [SENDER:skip-out:expects ...]}.
 *
 * <p>Commands come by standard input, one a line: {@code send SENDER D 11=a|54=1}, or {@code quit}. What happens goes to
 * standard output, one event a line: {@code logon S}, {@code logout S}, {@code app S MESSAGE}, {@code in MESSAGE},
 * {@code out MESSAGE}, {@code started}. An acceptor answers every order by an execution report.
 */
public final class Counterparty implements Application {
    private final Map<String, SessionID> sessions = new HashMap<>();
    private final Map<String, String[]> bends = new HashMap<>();
    private final boolean answers;

    private Counterparty(boolean answers) {
        this.answers = answers;
    }

    public static void main(String[] args) throws Exception {
        boolean accepts = args[0].equals("acceptor");
        Counterparty application = new Counterparty(accepts);
        for (int i = 2; i < args.length; i++) {
            String[] bend = args[i].split(":");
            application.bends.put(bend[0], bend);
        }
        SessionSettings settings = new SessionSettings(args[1]);
        FileStoreFactory store = new FileStoreFactory(settings);
        DefaultMessageFactory messages = new DefaultMessageFactory();
        Connector connector = accepts
                ? new SocketAcceptor(application, store, settings, new Tape(), messages)
                : new SocketInitiator(application, store, settings, new Tape(), messages);
        connector.start();
        say("started");
        application.obey();
        connector.stop();
    }

    private void obey() throws Exception {
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        for (String line = commands.readLine(); line != null && !line.equals("quit"); line = commands.readLine()) {
            String[] words = line.split(" ", 4);
            Message message = new Message();
            message.getHeader().setString(35, words[2]);
            for (String field : words[3].split("\\|")) {
                int equals = field.indexOf('=');
                message.setString(Integer.parseInt(field.substring(0, equals)), field.substring(equals + 1));
            }
            Session.sendToTarget(message, sessions.get(words[1]));
        }
    }

    private static void say(String event) {
        System.out.println(event.replace('\u0001', '|'));
        System.out.flush();
    }

    @Override
    public void onCreate(SessionID session) {
        sessions.put(session.getSenderCompID(), session);
        String[] bend = bends.get(session.getSenderCompID());
        if (bend == null) {
            return;
        }
        try {
            Session live = Session.lookupSession(session);
            live.setNextSenderMsgSeqNum(live.getExpectedSenderNum() + Integer.parseInt(bend[1]));
            if (!bend[2].equals("-")) {
                live.setNextTargetMsgSeqNum(Integer.parseInt(bend[2]));
            }
        } catch (java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void onLogon(SessionID session) {
        say("logon " + session.getSenderCompID());
    }

    @Override
    public void onLogout(SessionID session) {
        say("logout " + session.getSenderCompID());
    }

    @Override
    public void toAdmin(Message message, SessionID session) {}

    @Override
    public void fromAdmin(Message message, SessionID session) {}

    @Override
    public void toApp(Message message, SessionID session) {}

    @Override
    public void fromApp(Message message, SessionID session) throws FieldNotFound {
        say("app " + session.getSenderCompID() + " " + message);
        if (answers && message.getHeader().getString(35).equals("D")) {
            answer(message, session);
        }
    }

    private void answer(Message order, SessionID session) throws FieldNotFound {
        Message report = new Message();
        report.getHeader().setString(35, "8");
        String id = order.getString(11);
        report.setString(6, "0");
        report.setString(11, id);
        report.setString(14, "0");
        report.setString(17, "E-" + id);
        report.setString(37, "O-" + id);
        report.setString(38, order.getString(38));
        report.setString(39, "0");
        report.setString(54, order.getString(54));
        report.setString(55, order.getString(55));
        report.setString(60, order.getString(60));
        report.setString(150, "0");
        report.setString(151, order.getString(38));
        try {
            Session.sendToTarget(report, session);
        } catch (quickfix.SessionNotFound e) {
            throw new IllegalStateException(e);
        }
    }

    /** Tells every message as it is on the wire. */
    private static final class Tape implements LogFactory, Log {
        @Override
        public Log create(SessionID session) {
            return this;
        }

        @Override
        public void clear() {}

        @Override
        public void onIncoming(String message) {
            say("in " + message);
        }

        @Override
        public void onOutgoing(String message) {
            say("out " + message);
        }

        @Override
        public void onEvent(String text) {}

        @Override
        public void onErrorEvent(String text) {
            say("error " + text);
        }
    }
}
