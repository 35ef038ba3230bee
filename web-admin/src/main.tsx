/* main: puts the console together and onto the page. */
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { Router } from 'wouter';
import './styles/mantine.css';
import './styles/tokens.css';
import './styles/base.css';
import { ApiError } from './api/error';
import { preloadPage } from './pages/tenant/pages';
import { Bone } from './parts/page';
import { ErrorState } from './parts/states';
import { Login } from './session/login';
import { SessionGate } from './session/session';
import { theme } from './theme';

/* Asked for at once, beside the question of who is signed in; what fails is told when it is shown. */
const app = import('./app');
app.catch(() => {});
preloadPage(window.location.pathname);
const App = lazy(() => app);

const RETRIES = 2;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) => failures < RETRIES && error instanceof ApiError && error.passing,
    },
  },
});

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queries}>
        <Router base="/console">
          <SessionGate
            loading={<Bone height={2} />}
            failed={(error, retry) => (
              <ErrorState
                error={error}
                what="The console could not find out who is signed in"
                retry={retry}
              />
            )}
            login={(onSignedIn, ended) => <Login onSignedIn={onSignedIn} ended={ended} />}
          >
            <Suspense fallback={<Bone height={2} />}>
              <App />
            </Suspense>
          </SessionGate>
        </Router>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
